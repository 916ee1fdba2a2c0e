// "Ring me on this device": registers this browser for push, or takes it away. Needs HTTPS (or the box's own
// machine), a permission given by a click, and the browser vendor's push service.
"use strict";
(() => {
  const row = document.getElementById("ring");
  if (!row) return;
  row.hidden = false;
  const on = document.getElementById("ring-on");
  const off = document.getElementById("ring-off");
  const says = document.getElementById("ring-says");
  const say = (what) => { says.textContent = what; };

  if (!window.isSecureContext || !("serviceWorker" in navigator) || !("PushManager" in window)) {
    on.disabled = true;
    say(window.isSecureContext ? "This browser cannot be rung." : "Only over HTTPS: open this page at its https address.");
    return;
  }

  const show = (subscribed) => {
    on.hidden = subscribed;
    off.hidden = !subscribed;
    say(subscribed ? "This device rings for you." : Notification.permission === "denied" ? "Notifications are blocked for this page in the browser's settings." : "");
  };

  // That this device shall ring, kept beside the subscription: a page left in the middle of setting it up anew
  // must not end with a device that stays silent.
  const wish = {
    get: () => { try { return localStorage.getItem("clubos-ring") === "yes"; } catch { return false; } },
    set: (yes) => { try { yes ? localStorage.setItem("clubos-ring", "yes") : localStorage.removeItem("clubos-ring"); } catch { /* private window */ } },
  };

  const bytes = (text) => {
    const plain = text.replace(/-/g, "+").replace(/_/g, "/");
    return Uint8Array.from(atob(plain + "=".repeat((4 - plain.length % 4) % 4)), (c) => c.charCodeAt(0));
  };

  const call = async (method, path, body) => {
    const headers = { "content-type": "application/json" };
    const answer = await fetch(path, { method, headers, body: body && JSON.stringify(body) });
    if (!answer.ok) {
      const error = new Error((await answer.json().catch(() => null))?.error?.what || "The box did not take it.");
      throw Object.assign(error, { status: answer.status });
    }
    return answer.status === 204 ? null : answer.json();
  };

  const current = async () => {
    const registration = await navigator.serviceWorker.getRegistration("/push-worker.js");
    return registration ? registration.pushManager.getSubscription() : null;
  };

  const subscribe = async (registration) => {
    const { key } = await call("GET", "/api/v1/push/key");
    const options = { userVisibleOnly: true, applicationServerKey: bytes(key) };
    let subscription;
    try {
      subscription = await registration.pushManager.subscribe(options);
    } catch (error) {
      // Registered with an older key of the box: that one is taken away first.
      const old = await registration.pushManager.getSubscription();
      if (!old) throw error;
      await old.unsubscribe();
      subscription = await registration.pushManager.subscribe(options);
    }
    const { endpoint, keys } = subscription.toJSON();
    await call("POST", "/api/v1/push/subscriptions", { endpoint, keys });
  };

  on.addEventListener("click", async () => {
    on.disabled = true;
    say("One moment …");
    try {
      if (await Notification.requestPermission() !== "granted") throw new Error("Notifications were not allowed.");
      await navigator.serviceWorker.register("/push-worker.js");
      await subscribe(await navigator.serviceWorker.ready);
      wish.set(true);
      show(true);
    } catch (error) {
      say(`It did not work: ${error.message}`);
    } finally {
      on.disabled = false;
    }
  });

  off.addEventListener("click", async () => {
    off.disabled = true;
    try {
      wish.set(false);
      const subscription = await current();
      if (subscription) {
        await call("DELETE", "/api/v1/push/subscriptions", { endpoint: subscription.endpoint });
        await subscription.unsubscribe();
      }
      show(false);
    } catch (error) {
      say(`It did not work: ${error.message}`);
    } finally {
      off.disabled = false;
    }
  });

  // What the browser has, the box is told again: somebody else may be signed in now. What the box has
  // forgotten is dead at the push service, so that this browser is set up anew.
  (async () => {
    const subscription = await current();
    show(Boolean(subscription));
    if (!subscription) {
      if (!wish.get() || Notification.permission !== "granted") return;
      await navigator.serviceWorker.register("/push-worker.js");
      await subscribe(await navigator.serviceWorker.ready);
      show(true);
      return;
    }
    wish.set(true);
    const { endpoint, keys } = subscription.toJSON();
    try {
      await call("POST", "/api/v1/push/subscriptions", { endpoint, keys, again: true });
    } catch (error) {
      if (error.status !== 410) throw error;
      await subscription.unsubscribe();
      show(false);
      await subscribe(await navigator.serviceWorker.ready);
      show(true);
    }
  })().catch((error) => say(`This device may not ring: ${error.message}`));
})();
