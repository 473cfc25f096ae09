// The tablet's voice: a chime and a sentence while the bus waits for its check, two tones and a vibration
// every second once it is late. Acknowledging silences this device for half a minute and stops nothing
// else; only evidence ends it. Without a voice for the page's language the tones speak alone.

const SILENCE_MS = 30_000;
const SENTENCE_MS = 30_000;
const SIREN = [[0, 880], [0.35, 660]];
const CHIME = [[0, 660]];

/** @typedef {"off"|"prompt"|"siren"} Loudness */
/** @typedef {{ring: (wanted: Loudness, sentence: string) => void, silence: () => void, isSilenced: () => boolean,
 *   isBlocked: () => boolean}} Alarm */

/** @returns {Alarm} */
export function alarmSound() {
  /** @type {AudioContext|null} */
  let audio = null;
  let silencedUntil = 0;
  let spokenAt = -Infinity;
  let ringing = 0;
  /** @type {Loudness} */
  let loudness = "off";
  let text = "";
  document.addEventListener("pointerdown", () => {
    audio ??= "AudioContext" in window ? new AudioContext() : null;
    void audio?.resume();
  });

  /** @param {number[][]} tones @returns {void} */
  function play(tones) {
    if (!audio || audio.state !== "running") return;
    for (const [at, tone] of tones) {
      const source = audio.createOscillator();
      source.frequency.value = tone;
      source.connect(audio.destination);
      source.start(audio.currentTime + at);
      source.stop(audio.currentTime + at + 0.3);
    }
  }

  /** Says the sentence where the device has a voice for the page's language. @returns {void} */
  function speak() {
    const voices = window.speechSynthesis?.getVoices() ?? [];
    const language = document.documentElement.lang.startsWith("en") ? "en" : "zh";
    const voice = voices.find((each) => each.lang.toLowerCase().startsWith(language));
    if (!voice) return;
    const sentence = new SpeechSynthesisUtterance(text);
    sentence.voice = voice;
    sentence.lang = voice.lang;
    window.speechSynthesis.cancel();
    window.speechSynthesis.speak(sentence);
  }

  /** One beat: the siren each second, the sentence each half minute. @returns {void} */
  function beat() {
    if (Date.now() < silencedUntil) return;
    const isDue = Date.now() - spokenAt >= SENTENCE_MS;
    if (loudness === "siren") {
      navigator.vibrate?.([400, 200, 400]);
      play(SIREN);
    } else if (isDue) {
      navigator.vibrate?.(200);
      play(CHIME);
    }
    if (!isDue) return;
    spokenAt = Date.now();
    speak();
  }

  return {
    ring(wanted, sentence) {
      text = sentence;
      if (wanted === loudness) return;
      loudness = wanted;
      spokenAt = -Infinity;
      window.clearInterval(ringing);
      if (wanted === "off") window.speechSynthesis?.cancel();
      else ringing = window.setInterval(beat, 1000);
    },
    silence() {
      silencedUntil = Date.now() + SILENCE_MS;
      window.speechSynthesis?.cancel();
    },
    isSilenced: () => Date.now() < silencedUntil,
    isBlocked: () => audio === null || audio.state !== "running",
  };
}
