/** What became of lines, each with `+`, `-` or a blank before it: as few changes as there can be. */
export function lineDiff(before: readonly string[], after: readonly string[]): string[] {
  const common = commonLengths(before, after);
  const lines: string[] = [];
  let [one, other] = [0, 0];
  while (one < before.length || other < after.length) {
    if (one < before.length && before[one] === after[other]) {
      lines.push(`  ${before[one]}`);
      one++;
      other++;
    } else if (one < before.length && (common[one + 1]?.[other] ?? 0) >= (common[one]?.[other + 1] ?? 0)) {
      lines.push(`- ${before[one++]}`);
    } else if (other < after.length) {
      lines.push(`+ ${after[other++]}`);
    } else {
      lines.push(`- ${before[one++]}`);
    }
  }
  return lines;
}

/** How many lines the ends from there on have in common. */
function commonLengths(before: readonly string[], after: readonly string[]): readonly (readonly number[])[] {
  const table = Array.from({ length: before.length + 1 }, () => Array<number>(after.length + 1).fill(0));
  for (let one = before.length - 1; one >= 0; one--) {
    for (let other = after.length - 1; other >= 0; other--) {
      const [row, below] = [table[one], table[one + 1]];
      if (!row || !below) continue;
      row[other] =
        before[one] === after[other] ? (below[other + 1] ?? 0) + 1 : Math.max(below[other] ?? 0, row[other + 1] ?? 0);
    }
  }
  return table;
}
