/** Something measured in the same run, or a figure to be compared with. */
export interface Baseline {
  readonly name: string;
  readonly value: number;
}

/** One measured figure beside its baselines. */
export interface Figure {
  readonly name: string;
  readonly value: number;
  readonly unit: string;
  readonly baselines?: readonly Baseline[];
  /** True when a smaller value is better (times, sizes). */
  readonly lowerIsBetter?: boolean;
  /** CPU time of the server for one operation, in microseconds: unlike the rest it hardly depends on what else runs. */
  readonly cpuMicros?: number;
}

/** Figures of kube-apiserver and kube-scheduler 1.20 on two cores like those that this was written on, same etcd, TLS, JSON. */
export const kubernetes = (value: number): Baseline => ({ name: 'Kubernetes 1.20, another run', value });

/** Prints a table, a line for each baseline; the ratio is always "times as good as the baseline". */
export function printReport(figures: readonly Figure[]): void {
  const rows = figures.flatMap((figure) => {
    const own = [
      figure.name,
      `${format(figure.value)} ${figure.unit}`,
      figure.cpuMicros === undefined ? '' : `${format(figure.cpuMicros)} µs`,
    ];
    const [first, ...others] = figure.baselines ?? [];
    if (!first) return [[...own, '', '', '']];
    return [
      [...own, ...against(figure, first)],
      ...others.map((baseline) => ['', '', '', ...against(figure, baseline)]),
    ];
  });
  const header = ['measured', 'Wheelhouse', 'CPU each', 'baseline', 'what the baseline is', 'ratio'];
  const widths = header.map((title, column) =>
    Math.max(title.length, ...rows.map((row) => (row[column] ?? '').length)),
  );
  for (const row of [header, ...rows]) {
    process.stdout.write(`${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  ')}\n`);
  }
}

function against({ value, unit, lowerIsBetter }: Figure, baseline: Baseline): string[] {
  const ratio = lowerIsBetter ? baseline.value / value : value / baseline.value;
  return [`${format(baseline.value)} ${unit}`, baseline.name, `${ratio.toFixed(2)} ×`];
}

const format = (value: number): string =>
  value >= 100 ? Math.round(value).toLocaleString('en-US') : value.toPrecision(3);

/** Median of a non-empty list. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}
