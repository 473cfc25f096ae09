// The tablet's alarm: two tones and a vibration while the bus is unchecked. Acknowledging silences this
// device for half a minute and stops nothing else; only evidence ends it.

const SILENCE_MS = 30_000;

/** @typedef {{ring: (wanted: boolean) => void, silence: () => void, isSilenced: () => boolean}} Alarm */

/** @returns {Alarm} */
export function alarmSound() {
  /** @type {AudioContext|null} */
  let audio = null;
  let silencedUntil = 0;
  let ringing = 0;
  document.addEventListener("pointerdown", () => {
    audio ??= "AudioContext" in window ? new AudioContext() : null;
    void audio?.resume();
  }, { once: true });

  /** @returns {void} */
  function beep() {
    navigator.vibrate?.([400, 200, 400]);
    if (!audio || audio.state !== "running") return;
    for (const [at, tone] of [[0, 880], [0.35, 660]]) {
      const source = audio.createOscillator();
      source.frequency.value = tone;
      source.connect(audio.destination);
      source.start(audio.currentTime + at);
      source.stop(audio.currentTime + at + 0.3);
    }
  }

  return {
    ring(wanted) {
      if (wanted && !ringing) ringing = window.setInterval(() => Date.now() >= silencedUntil && beep(), 1000);
      if (!wanted && ringing) {
        window.clearInterval(ringing);
        ringing = 0;
      }
    },
    silence() {
      silencedUntil = Date.now() + SILENCE_MS;
    },
    isSilenced: () => Date.now() < silencedUntil,
  };
}
