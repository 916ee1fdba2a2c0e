// Keeps a page fresh: when the box says that something changed, the page is read again and every part
// marked data-live is put in place if it differs. Without this script the page works by reloading.
"use strict";
(() => {
  const script = document.currentScript;
  const every = Number(script.dataset.every || 0) * 1000;
  let waiting = null;
  let busy = false;
  let again = false;

  // A part somebody is typing or choosing in is left alone until they are done.
  const inUse = (part) => {
    const at = document.activeElement;
    return at && part.contains(at) && /^(INPUT|TEXTAREA|SELECT)$/.test(at.tagName);
  };

  // Only what differs is put in place, so that a screen reader speaks of what is new and nothing else.
  const put = (old, fresh) => {
    const open = new Set([...old.querySelectorAll("details[open]")].map((d) => d.id));
    fresh.querySelectorAll("details").forEach((d) => { if (d.id && open.has(d.id)) d.open = true; });
    if (old.innerHTML === fresh.innerHTML && old.className === fresh.className) return;
    const atEnd = old.scrollHeight - old.scrollTop - old.clientHeight < 80;
    const top = old.scrollTop;
    const focus = old.contains(document.activeElement) ? document.activeElement.getAttribute("href") : null;
    old.className = fresh.className;
    const had = [...old.children];
    const now = [...fresh.children];
    if (!had.length || !now.length) old.innerHTML = fresh.innerHTML;
    else now.forEach((child, i) => {
      if (!had[i]) old.append(child);
      else if (had[i].outerHTML !== child.outerHTML) had[i].replaceWith(child);
    });
    had.slice(now.length).forEach((child) => child.remove());
    if (focus) old.querySelector(`[href="${CSS.escape(focus)}"]`)?.focus({ preventScroll: true });
    old.scrollTop = "end" in old.dataset && atEnd ? old.scrollHeight : top;
  };

  const refresh = async () => {
    if (busy) { again = true; return; }
    busy = true;
    try {
      const answer = await fetch(location.href, { headers: { "x-live": "1" } });
      if (answer.redirected) { location.href = answer.url; return; }
      if (!answer.ok) { if (answer.status === 401 || answer.status === 404) location.reload(); return; }
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      for (const old of document.querySelectorAll("[data-live]")) {
        const fresh = page.getElementById(old.id);
        if (!fresh) { location.reload(); return; }
        if (!inUse(old)) put(old, fresh);
      }
      document.title = page.title;
      document.dispatchEvent(new Event("fresh"));
    } catch { /* the box is away for a moment; the next round tries again */ } finally {
      busy = false;
      if (again) { again = false; soon(); }
    }
  };

  const soon = () => { clearTimeout(waiting); waiting = setTimeout(refresh, 120); };

  if (script.dataset.events) {
    const events = new EventSource(script.dataset.events);
    for (const name of ["change", "message", "hello"]) events.addEventListener(name, soon);
  }
  if (every) setInterval(refresh, every);
  document.addEventListener("visibilitychange", () => { if (!document.hidden) soon(); });

  // Sends without leaving the page. Enter sends, Shift+Enter makes a line.
  document.querySelectorAll("form[data-send]").forEach((form) => {
    const text = form.querySelector("textarea");
    const button = form.querySelector("button");
    text.addEventListener("keydown", (e) => {
      if (e.key === "Enter" && !e.shiftKey && !e.isComposing) { e.preventDefault(); form.requestSubmit(); }
    });
    form.addEventListener("submit", async (e) => {
      e.preventDefault();
      if (button.disabled) return;
      button.disabled = true;
      try {
        const answer = await fetch(form.action, { method: "POST", body: new URLSearchParams(new FormData(form)) });
        const page = new DOMParser().parseFromString(await answer.text(), "text/html");
        if (!answer.ok && answer.status !== 409) { say(form, page.querySelector("[role=alert]")?.textContent || "This did not work."); return; }
        say(form, "");
        text.value = "";
        const key = form.querySelector("[name=form_key]");
        if (key) key.value = page.querySelector("[name=form_key]")?.value || crypto.getRandomValues(new Uint32Array(4)).join("");
        soon();
      } catch {
        say(form, "The box cannot be reached. Nothing was sent twice; try again.");
      } finally {
        button.disabled = false;
        text.focus();
      }
    });
  });

  const say = (form, what) => {
    let line = form.previousElementSibling;
    if (!line || !line.classList.contains("send-problem")) {
      if (!what) return;
      line = document.createElement("p");
      line.className = "problem send-problem";
      line.setAttribute("role", "alert");
      form.before(line);
    }
    if (what) line.textContent = what; else line.remove();
  };

  document.querySelectorAll("[data-end]").forEach((part) => { part.scrollTop = part.scrollHeight; });
})();
