export function SectionTitle({ title, note }: { title: string; note?: string }) {
  return (
    <h2 className="mb-2.5 flex items-baseline justify-between gap-3 text-[13px] font-semibold text-ink-2">
      {title}
      {note ? <span className="truncate font-medium text-ink-3">{note}</span> : null}
    </h2>
  );
}
