// The board's voice: the tab's title counts what rings, and a new alarm makes one sound.
// Browsers allow sound only after the page was touched once; without that the title alone tells.

const title = document.title;
let heard = 0;
/** @type {AudioContext|null} */
let audio = null;

document.addEventListener("pointerdown", () => {
  audio ??= "AudioContext" in window ? new AudioContext() : null;
  void audio?.resume();
});

/** Three short tones. @returns {void} */
function ring() {
  if (!audio || audio.state !== "running") return;
  for (const [at, tone] of [[0, 880], [0.35, 660], [0.7, 880]]) {
    const source = audio.createOscillator();
    source.frequency.value = tone;
    source.connect(audio.destination);
    source.start(audio.currentTime + at);
    source.stop(audio.currentTime + at + 0.3);
  }
}

/** Counts the alarms in the title, and rings when there are more than before. @returns {void} */
function tell() {
  const alarms = Number(document.querySelector("[data-alarms]")?.getAttribute("data-alarms") ?? 0);
  document.title = alarms > 0 ? `(${alarms}) ${title}` : title;
  if (alarms > heard) ring();
  heard = alarms;
}

document.addEventListener("busops:fresh", tell);
tell();
