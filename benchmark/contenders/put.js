// Sends one bulk request, as plain JavaScript would, without retrying.

/**
 * @param {string} url
 * @param {string | Uint8Array<ArrayBuffer>} body
 */
export async function put(url, body) {
  const headers = { authorization: "Bearer benchmark", "content-type": "application/json" };
  const response = await fetch(url, { method: "PUT", headers, body });
  const text = await response.text();
  if (!response.ok || !JSON.parse(text).success) throw new Error(`${response.status}: ${text}`);
}
