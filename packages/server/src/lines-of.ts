/** Lines of a stream; what stands after the last line break counts only when it is not empty. */
export async function* linesOf(input: AsyncIterable<Buffer>): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  // A line may be long, so what there is of it is not looked at again with every chunk.
  let begun: string[] = [];
  for await (const chunk of input) {
    const pieces = decoder.decode(chunk, { stream: true }).split("\n");
    const rest = pieces.pop() ?? "";
    for (const piece of pieces) {
      yield begun.length === 0 ? piece : begun.join("") + piece;
      begun = [];
    }
    if (rest !== "") begun.push(rest);
  }
  if (begun.length > 0) yield begun.join("");
}
