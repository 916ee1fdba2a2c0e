// The alarm on the club's own network: beeps while somebody waits and nobody has acknowledged. A browser
// plays no sound before a click, so that the button has to be pressed once in each tab.
"use strict";
(() => {
  const button = document.getElementById("sound");
  if (!button || !window.AudioContext) return;
  button.hidden = false;
  let audio = null;
  let on = false;

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
    if (!on || !document.querySelector("[data-alarm]")) return;
    beep(audio.currentTime, 880);
    beep(audio.currentTime + 0.3, 660);
  };

  button.addEventListener("click", () => {
    on = !on;
    audio ??= new AudioContext();
    audio.resume();
    button.textContent = on ? "Sound on" : "Sound off";
    button.setAttribute("aria-pressed", String(on));
    look();
  });
  setInterval(look, 4000);
})();
