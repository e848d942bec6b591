/** A line from the strip's end to a handle that was pulled away from it: slack near by, taut when pulled far. */
export function ropePath(from: { x: number; y: number }, to: { x: number; y: number }): string {
  const distance = Math.hypot(to.x - from.x, to.y - from.y);
  const sag = Math.max(0, 26 - distance / 14);
  const middle = { x: (from.x + to.x) / 2, y: Math.max(from.y, to.y) + sag };
  return `M${from.x} ${from.y}Q${middle.x} ${middle.y} ${to.x} ${to.y}`;
}

export function Rope({ path, taut }: { path: string; taut: boolean }) {
  return (
    <svg
      className="pointer-events-none absolute inset-0 z-[1] h-full w-full overflow-visible"
      aria-hidden="true"
    >
      <path
        d={path}
        fill="none"
        stroke={taut ? 'var(--fail)' : 'var(--brass)'}
        strokeWidth={taut ? 2.2 : 1.6}
        strokeDasharray={taut ? undefined : '1 5'}
        strokeLinecap="round"
      />
    </svg>
  );
}
