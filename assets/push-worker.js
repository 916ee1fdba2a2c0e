// Shows what the box pushes, also when no page is open. One notification for each matter: a newer one takes
// the place of the older, and once somebody looks after it, it says so without a sound.
"use strict";

self.addEventListener("install", () => self.skipWaiting());
self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));

self.addEventListener("push", (event) => {
  let told = {};
  try { told = event.data ? event.data.json() : {}; } catch { /* shown as what it is: something from the club */ }
  const done = told.done === true;
  const urgent = !done && (told.level === "critical" || told.level === "high");
  event.waitUntil(self.registration.showNotification(told.title || "ClubOS", {
    body: told.body || "Somebody waits. Open the staff page.",
    tag: told.tag || "clubos",
    renotify: !done && Boolean(told.tag),
    requireInteraction: urgent,
    silent: done,
    icon: "/favicon.svg",
    data: { url: told.url || "/" },
  }));
});

// The push service gave this browser another address, or none: it is set up anew and the box is told. Where
// that does not work (nobody is signed in here any more), the person learns that this device is silent now.
self.addEventListener("pushsubscriptionchange", (event) => event.waitUntil((async () => {
  const call = async (method, path, body) => {
    const headers = { "content-type": "application/json" };
    const answer = await fetch(path, { method, headers, body: body && JSON.stringify(body) });
    if (!answer.ok) throw new Error(String(answer.status));
    return answer.status === 204 ? null : answer.json();
  };
  try {
    const { key } = await call("GET", "/api/v1/push/key");
    const options = { userVisibleOnly: true, applicationServerKey: key };
    const { endpoint, keys } = (await self.registration.pushManager.subscribe(options)).toJSON();
    await call("POST", "/api/v1/push/subscriptions", { endpoint, keys });
    const old = event.oldSubscription?.endpoint;
    if (old && old !== endpoint) await call("DELETE", "/api/v1/push/subscriptions", { endpoint: old }).catch(() => {});
  } catch {
    await self.registration.showNotification("This device no longer rings", {
      body: "Open the staff page, sign in, and press “Ring me on this device”.",
      tag: "clubos-ring",
      requireInteraction: true,
      icon: "/favicon.svg",
      data: { url: "/channels" },
    });
  }
})()));

self.addEventListener("notificationclick", (event) => {
  event.notification.close();
  const url = new URL(event.notification.data?.url || "/", self.location.origin);
  if (url.origin !== self.location.origin) return; // nowhere but to the box
  event.waitUntil((async () => {
    const open = await self.clients.matchAll({ type: "window", includeUncontrolled: true });
    for (const page of open) {
      if ("navigate" in page) {
        try { await page.navigate(url.href); return await page.focus(); } catch { /* another page, then */ }
      }
    }
    await self.clients.openWindow(url.href);
  })());
});
