'use client';
import { dismissToast, useUi } from './ui-store';

export function Toasts() {
  const toasts = useUi((state) => state.toasts);
  return (
    <div
      className="fixed right-5 bottom-5 z-50 flex w-[min(400px,calc(100vw-40px))] flex-col gap-2"
      aria-live="polite"
    >
      {toasts.map(({ id, tone, title, text }) => (
        <div
          key={id}
          role={tone === 'error' ? 'alert' : 'status'}
          data-testid="toast"
          className="rise flex items-start gap-3 rounded-xl border border-line bg-raised px-4 py-3 shadow-lift"
        >
          <i
            className="tile mt-[3px] [--tile:13px]"
            data-look={tone === 'error' ? 'failed' : 'running'}
            aria-hidden="true"
          />
          <div className="min-w-0 flex-1">
            <p className="font-semibold">{title}</p>
            {text ? <p className="mt-0.5 text-[13px] break-words text-ink-2">{text}</p> : null}
          </div>
          <button
            type="button"
            className="-mr-1 rounded px-1 text-ink-3 hover:text-ink"
            aria-label="Dismiss"
            onClick={() => dismissToast(id)}
          >
            ✕
          </button>
        </div>
      ))}
    </div>
  );
}
