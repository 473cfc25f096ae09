// Tags written as NFC text, where the browser can read them (Chrome on Android): an extra, never needed.

/** @typedef {{recordType: string, encoding?: string, data?: DataView}} NdefRecord */
/** @typedef {{scan: (options: {signal: AbortSignal}) => Promise<void>,
 *   onreading: ((event: {message: {records: NdefRecord[]}}) => void)|null}} NdefReader */

/** Every text of a tag held to the device is told until the end is called.
 * @param {(text: string) => void} onText @returns {Promise<() => void>} */
export async function startNfc(onText) {
  const Reader = /** @type {{NDEFReader: {new (): NdefReader}}} */ (/** @type {unknown} */ (window)).NDEFReader;
  const reader = new Reader();
  const ending = new AbortController();
  await reader.scan({ signal: ending.signal });
  reader.onreading = ({ message }) => {
    for (const record of message.records) {
      if (record.recordType === "text" && record.data) onText(new TextDecoder(record.encoding ?? "utf-8").decode(record.data));
    }
  };
  return () => ending.abort();
}
