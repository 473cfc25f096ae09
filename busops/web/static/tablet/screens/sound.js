// The tablet's voice: a chime and a sentence while the bus waits for its check, two tones and a vibration
// every second once it is late. Acknowledging silences this device for half a minute and stops nothing
// else; only evidence ends it. Without a voice for the page's language the tones speak alone.

const SILENCE_MS = 30_000;
export const QUIET_MS = 120_000; // of a locked tablet, by whoever is near it
const SENTENCE_MS = 30_000;
const SIREN = [[0, 880], [0.35, 660]];
const CHIME = [[0, 660]];

/** @typedef {"off"|"prompt"|"siren"} Loudness */
/** @typedef {{ring: (wanted: Loudness, sentence: string) => void, silence: () => void, isSilenced: () => boolean,
 *   isBlocked: () => boolean}} Alarm */

/** What one part of the page wants to be heard. @typedef {{loudness: Loudness, text: string}} Wish */

const ORDER = ["off", "prompt", "siren"];

/** The loudest of what is wanted; of two as loud the one that was wanted first.
 * @param {Iterable<Wish>} wishes @returns {Wish} */
export function loudest(wishes) {
  /** @type {Wish} */
  let found = { loudness: "off", text: "" };
  for (const wish of wishes) if (ORDER.indexOf(wish.loudness) > ORDER.indexOf(found.loudness)) found = wish;
  return found;
}

/** @type {Map<Alarm, Wish>} */
const wishes = new Map();
/** @type {AudioContext|null} */
let audio = null;
let silencedUntil = 0;
let spokenAt = -Infinity;
let ringing = 0;
/** @type {Wish} */
let heard = { loudness: "off", text: "" };

/** A part of the page gets a say in what the page sounds like: one page has one voice, and the loudest wish
 * is heard, so that whoever falls quiet does not quieten another. @returns {Alarm} */
export function alarmSound() {
  if (wishes.size === 0) document.addEventListener("pointerdown", openAudio);
  /** @type {Alarm} */
  const alarm = {
    ring(wanted, sentence) {
      wishes.set(alarm, { loudness: wanted, text: sentence });
      settle();
    },
    silence() {
      quieten(SILENCE_MS);
    },
    isSilenced: () => Date.now() < silencedUntil,
    isBlocked: () => audio === null || audio.state !== "running",
  };
  wishes.set(alarm, { loudness: "off", text: "" });
  return alarm;
}

/** Nothing is heard of this page for so long; what rings goes on being due and shown. @param {number} ms @returns {void} */
export function quieten(ms) {
  silencedUntil = Date.now() + ms;
  window.speechSynthesis?.cancel();
}

/** What is wanted to be heard, and for how long nothing is. @returns {{isSiren: boolean, quietMs: number}} */
export const hearing = () => ({ isSiren: heard.loudness === "siren", quietMs: Math.max(0, silencedUntil - Date.now()) });

/** A browser plays nothing before somebody has touched the page. @returns {void} */
function openAudio() {
  audio ??= "AudioContext" in window ? new AudioContext() : null;
  void audio?.resume();
}

/** @returns {void} */
function settle() {
  const before = heard.loudness;
  heard = loudest(wishes.values());
  if (heard.loudness === before) return;
  spokenAt = -Infinity;
  window.clearInterval(ringing);
  if (heard.loudness === "off") window.speechSynthesis?.cancel();
  else ringing = window.setInterval(beat, 1000);
}

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
  const sentence = new SpeechSynthesisUtterance(heard.text);
  sentence.voice = voice;
  sentence.lang = voice.lang;
  window.speechSynthesis.cancel();
  window.speechSynthesis.speak(sentence);
}

/** One beat: the siren each second, the sentence each half minute. @returns {void} */
function beat() {
  if (Date.now() < silencedUntil) return;
  const isDue = Date.now() - spokenAt >= SENTENCE_MS;
  if (heard.loudness === "siren") {
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
