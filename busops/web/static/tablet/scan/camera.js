// The camera as a reader of QR codes: the browser's own detector where it has one, else the one we serve.
// Nothing is recorded or sent: a frame is looked at and forgotten.

/** @typedef {{detect: (video: HTMLVideoElement) => Promise<{rawValue: string}[]>}} Detector */
/** @typedef {{new (options: {formats: string[]}): Detector, getSupportedFormats: () => Promise<string[]>}} Detectors */
/** @typedef {{BarcodeDetector: Detectors, prepareZXingModule: (options: {overrides: {locateFile: (path: string) => string}}) => unknown}} Ponyfill */
/** @typedef {{stop: () => void, torch: (() => void)|null}} Camera */

const EVERY_MS = 150;
const PONYFILL = "../../vendor/barcode-detector/dist/iife/ponyfill.js";
const WASM = "../../vendor/zxing-wasm/dist/reader/zxing_reader.wasm";

/** @type {Promise<Detector>|null} */
let ready = null;

/** The camera shows in `video` and every code it sees is told. Rejects with the key of a sentence.
 * @param {HTMLVideoElement} video @param {(text: string) => void} onText @returns {Promise<Camera>} */
export async function startCamera(video, onText) {
  if (!navigator.mediaDevices?.getUserMedia) throw new Error("camera_needs_https");
  const stream = await navigator.mediaDevices
    .getUserMedia({ audio: false, video: { facingMode: "environment", width: { ideal: 1280 } } })
    .catch((error) => {
      throw new Error(error.name === "NotAllowedError" ? "camera_refused" : "camera_missing");
    });
  let isOn = true;
  const stop = () => {
    isOn = false;
    for (const track of stream.getTracks()) track.stop();
    video.srcObject = null;
  };
  try {
    video.srcObject = stream;
    await video.play();
    ready ??= detector();
    const eye = await ready;
    const look = async () => {
      if (!isOn) return;
      if (!video.isConnected) return stop();
      if (document.visibilityState === "visible") {
        for (const { rawValue } of await eye.detect(video).catch(() => [])) if (isOn && rawValue) onText(rawValue);
      }
      window.setTimeout(() => void look(), EVERY_MS);
    };
    void look();
  } catch {
    stop();
    ready = null;
    throw new Error("camera_missing");
  }
  return { stop, torch: torchOf(stream) };
}

/** The lamp beside the lens, where there is one. @param {MediaStream} stream @returns {(() => void)|null} */
function torchOf(stream) {
  const track = stream.getVideoTracks()[0];
  const can = /** @type {{torch?: boolean}|undefined} */ (track?.getCapabilities?.());
  if (!can?.torch) return null;
  let isLit = false;
  return () => {
    isLit = !isLit;
    const wanted = /** @type {MediaTrackConstraintSet} */ (/** @type {unknown} */ ({ torch: isLit }));
    void track.applyConstraints({ advanced: [wanted] }).catch(() => undefined);
  };
}

/** @returns {Promise<Detector>} */
async function detector() {
  const own = /** @type {{BarcodeDetector?: Detectors}} */ (/** @type {unknown} */ (window)).BarcodeDetector;
  /** @type {string[]} */
  const formats = own ? await own.getSupportedFormats().catch(() => []) : [];
  if (own && formats.includes("qr_code")) {
    return new own({ formats: ["qr_code"] });
  }
  const served = await ponyfill();
  served.prepareZXingModule({ overrides: { locateFile: () => new URL(WASM, import.meta.url).href } });
  return new served.BarcodeDetector({ formats: ["qr_code"] });
}

/** @returns {Promise<Ponyfill>} */
function ponyfill() {
  return new Promise((resolve, reject) => {
    const script = document.createElement("script");
    script.src = new URL(PONYFILL, import.meta.url).href;
    script.onerror = () => reject(new Error("camera_missing"));
    script.onload = () => resolve(/** @type {{BarcodeDetectionAPI: Ponyfill}} */ (/** @type {unknown} */ (window)).BarcodeDetectionAPI);
    document.head.append(script);
  });
}
