/** One measured figure beside the baseline that was measured in the same run. */
export interface Figure {
  readonly name: string;
  readonly value: number;
  readonly unit: string;
  readonly baseline?: { readonly name: string; readonly value: number };
  /** True when a smaller value is better (times). */
  readonly lowerIsBetter?: boolean;
}

/** Prints a table; the ratio is always "times as good as the baseline". */
export function printReport(figures: readonly Figure[]): void {
  const rows = figures.map((figure) => [
    figure.name,
    `${format(figure.value)} ${figure.unit}`,
    figure.baseline ? `${format(figure.baseline.value)} ${figure.unit}` : '',
    figure.baseline?.name ?? '',
    figure.baseline ? `${ratio(figure).toFixed(2)} ×` : '',
  ]);
  const header = ['measured', 'Wheelhouse', 'baseline', 'what the baseline is', 'ratio'];
  const widths = header.map((title, column) =>
    Math.max(title.length, ...rows.map((row) => (row[column] ?? '').length)),
  );
  for (const row of [header, ...rows]) {
    process.stdout.write(`${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  ')}\n`);
  }
}

function ratio({ value, baseline, lowerIsBetter }: Figure): number {
  if (!baseline) return Number.NaN;
  return lowerIsBetter ? baseline.value / value : value / baseline.value;
}

const format = (value: number): string =>
  value >= 100 ? Math.round(value).toLocaleString('en-US') : value.toPrecision(3);

/** Median of a non-empty list. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}
