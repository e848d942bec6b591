interface UsageBarProps {
  readonly name: string;
  readonly used: number;
  /** What pods that are only previewed would add. */
  readonly extra: number;
  readonly total: number | undefined;
  /** What is really used now, where it is measured. */
  readonly now?: number | undefined;
  readonly text: string;
}

/** What is promised to pods, out of what the node offers. Not known is an empty track and a dash. */
export function UsageBar({ name, used, extra, total, now, text }: UsageBarProps) {
  const share = total ? Math.min(1, used / total) : 0;
  const more = total ? Math.min(1 - share, extra / total) : 0;
  const busy = total && now !== undefined ? Math.min(1, now / total) : undefined;
  const measured = busy === undefined ? '' : `, ${Math.round(busy * 100)} % in use now`;
  return (
    <div className="mb-[5px] grid grid-cols-[34px_1fr_98px] items-center gap-[9px] text-[12px] text-ink-3">
      <span>{name}</span>
      {/* biome-ignore lint/a11y/useSemanticElements: a native meter cannot show the part that is only previewed */}
      <span
        className="track"
        role="meter"
        aria-label={`${name} requested`}
        aria-valuemin={0}
        aria-valuemax={100}
        aria-valuenow={Math.round(share * 100)}
        aria-valuetext={`${text}${measured}`}
        title={`${text} requested${measured}`}
      >
        <i style={{ transform: `scaleX(${share})` }} />
        {busy === undefined ? null : <b style={{ transform: `scaleX(${busy})` }} data-testid="in-use" />}
        {more > 0 ? <u style={{ left: `${share * 100}%`, width: `${more * 100}%` }} /> : null}
      </span>
      <span className="figures text-ink-2">{text}</span>
    </div>
  );
}
