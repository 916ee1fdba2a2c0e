// The alarm on the club's own network: sounds and colours the page while somebody waits at level high or
// critical and nobody has acknowledged. A browser plays no sound before a click, so that the button arms it;
// armed, it stays so in this browser, and after a change of page sounds as soon as the browser lets it.
"use strict";
(() => {
  const button = document.getElementById("sound");
  if (!button || !window.AudioContext) return;
  const KEY = "clubos-alarm";
  button.hidden = false;
  let audio = null;
  let armed = false;
  try { armed = localStorage.getItem(KEY) === "armed"; } catch { /* private window: armed for this page only */ }

  const ready = () => audio && audio.state === "running";
  const waits = () => document.querySelector("[data-alarm]") !== null;

  const show = () => {
    const mute = armed && !ready();
    button.textContent = !armed ? "Arm the alarm" : mute ? "Alarm armed: click to let it sound" : "Alarm armed";
    button.setAttribute("aria-pressed", String(armed));
    button.classList.toggle("warn", mute);
    document.body.classList.toggle("alarming", waits());
  };

  const beep = (at, pitch) => {
    const tone = audio.createOscillator();
    const volume = audio.createGain();
    tone.frequency.value = pitch;
    volume.gain.setValueAtTime(0.0001, at);
    volume.gain.exponentialRampToValueAtTime(0.25, at + 0.02);
    volume.gain.exponentialRampToValueAtTime(0.0001, at + 0.22);
    tone.connect(volume).connect(audio.destination);
    tone.start(at);
    tone.stop(at + 0.25);
  };

  const look = () => {
    show();
    if (!armed || !ready() || !waits()) return;
    beep(audio.currentTime, 880);
    beep(audio.currentTime + 0.3, 660);
  };

  const wake = () => {
    if (!armed) return;
    audio ??= new AudioContext();
    if (audio.state !== "running") audio.resume().then(look, () => {});
  };

  button.addEventListener("click", () => {
    armed = ready() ? !armed : true;
    try { localStorage.setItem(KEY, armed ? "armed" : "off"); } catch { /* as above */ }
    wake();
    look();
  });
  // Any click or key is enough for the browser.
  for (const touch of ["pointerdown", "keydown"]) document.addEventListener(touch, wake);
  document.addEventListener("fresh", show);
  wake();
  show();
  setInterval(look, 4000);
})();
