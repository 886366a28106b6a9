/** The beginning of a body as text: at most `limit` bytes are read, the rest is given up. */
export async function readLimited(response: Response, limit: number): Promise<string> {
  if (response.body === null) return "";
  const decoder = new TextDecoder();
  const reader = response.body.getReader();
  let text = "";
  let left = limit;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return text + decoder.decode();
    const chunk: Uint8Array = value.subarray(0, left);
    left -= chunk.length;
    text += decoder.decode(chunk, { stream: true });
    if (left > 0) continue;
    await reader.cancel();
    return text;
  }
}
