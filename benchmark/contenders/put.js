// One bulk request, as any JavaScript would send it.
//
// In: a URL and a body. Out: nothing once it is stored. Never: a second attempt.

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
