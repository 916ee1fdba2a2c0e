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
