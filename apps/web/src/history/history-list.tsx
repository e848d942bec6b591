'use client';
import { memo, useEffect, useState } from 'react';
import { stringify } from 'yaml';
import { callApi, inWords } from '../api/call-api';
import { resourceName } from '../api/paths';
import { Age } from '../ui/age';
import { ShowLink } from '../ui/show';
import { annotationsInWords } from './annotation-words';
import { type Entry, record } from './entry';
import { entryInWords, whoInWords } from './entry-words';
import { canUndo, UndoButton } from './undo-button';
import { type HistoryFilter, useHistory } from './use-history';

/** Who did what, when; each line opens to what was before and after. */
export function HistoryList({ filter }: { filter: HistoryFilter }) {
  const { entries, error, more } = useHistory(filter);
  if (error && !entries)
    return <p className="text-[13px] text-ink-2">The history cannot be read now. {error}</p>;
  if (!entries) return <p className="text-[13px] text-ink-3">Reading…</p>;
  if (entries.length === 0) {
    return (
      <p className="text-[13px] text-ink-3">
        Nothing was changed that fits. Every change through the API appears here.
      </p>
    );
  }
  return (
    <div data-testid="history">
      {entries.map((entry) => (
        <EntryLine key={entry.id} entry={entry} />
      ))}
      {more ? (
        <button type="button" className="button mt-3" onClick={more}>
          Older
        </button>
      ) : null}
    </div>
  );
}

const EntryLine = memo(function EntryLine({ entry }: { entry: Entry }) {
  const [open, setOpen] = useState(false);
  const { did, how } = entryInWords(entry);
  const refused = entry.code >= 400;
  return (
    <div className="border-b border-line last:border-0" data-testid="history-entry">
      <div className="grid grid-cols-[58px_14px_minmax(0,1fr)_auto] items-baseline gap-2.5 py-2 text-[13px] text-ink-2">
        <span className="text-ink-3">
          <Age time={entry.time} />
        </span>
        <i
          className="tile self-center [--tile:12px]"
          data-look={
            refused
              ? 'failed'
              : entry.verb === 'create'
                ? 'running'
                : entry.verb.startsWith('delete')
                  ? 'leaving'
                  : 'quiet'
          }
          aria-hidden="true"
        />
        <p className="min-w-0 [overflow-wrap:anywhere]">
          <b className="font-semibold text-ink">{whoInWords(entry.user)}</b>{' '}
          <span className={refused ? 'text-fail-ink' : undefined}>{did}</span>{' '}
          <ShowLink
            className="font-semibold text-ink hover:underline"
            to={{
              resource: resourceName({ plural: entry.resource, version: entry.version, group: entry.group }),
              namespace: entry.namespace,
              name: entry.name,
            }}
          >
            {entry.name}
          </ShowLink>
          {how}
          {entry.namespace ? <span className="text-ink-3"> · {entry.namespace}</span> : null}
        </p>
        <span className="flex gap-3">
          {canUndo(entry) ? <UndoButton entry={entry} /> : null}
          <button
            type="button"
            className="text-[12.5px] text-ink-3 underline decoration-line-strong underline-offset-3 hover:text-ink"
            aria-expanded={open}
            onClick={() => setOpen(!open)}
          >
            {open ? 'Close' : 'What changed'}
          </button>
        </span>
      </div>
      {open ? (
        <>
          <Difference entry={entry} />
          <Remarks annotations={entry.annotations} />
        </>
      ) : null}
    </div>
  );
});

/** What webhooks and policies had to say to it. */
function Remarks({ annotations }: Pick<Entry, 'annotations'>) {
  const remarks = annotationsInWords(annotations);
  if (remarks.length === 0) return null;
  return (
    <ul
      className="-mt-1 mb-3 ml-[84px] text-[12.5px] leading-[1.65] text-ink-2"
      data-testid="history-remarks"
    >
      {remarks.map((remark) => (
        <li key={remark} className="[overflow-wrap:anywhere]">
          {remark}
        </li>
      ))}
    </ul>
  );
}

const MOST = 60;

function Difference({ entry }: { entry: Entry }) {
  const { changes } = entry;
  if (changes.length === 0) return <WholeObject entry={entry} />;
  return (
    <div className="mono mb-3 ml-[84px] overflow-x-auto rounded-lg border border-line bg-sea p-3 text-[12px] leading-[1.65]">
      {changes.slice(0, MOST).map(({ path, before, after }) => (
        <div key={path} className="mb-1 last:mb-0">
          <span className="text-ink-3">{path || 'everything'}</span>
          {before === undefined ? null : (
            <div className="pl-3 text-fail-ink [overflow-wrap:anywhere]">− {shown(before)}</div>
          )}
          {after === undefined ? null : (
            <div className="pl-3 text-run-ink [overflow-wrap:anywhere]">+ {shown(after)}</div>
          )}
        </div>
      ))}
      {changes.length > MOST ? <p className="text-ink-3">and {changes.length - MOST} more</p> : null}
    </div>
  );
}

/** What was made or deleted has one side only: the whole object, read when it is asked for. */
function WholeObject({ entry }: { entry: Entry }) {
  const [text, setText] = useState<string>();
  useEffect(() => {
    const abort = new AbortController();
    callApi(`/apis/audit.wheelhouse.dev/v1/entries/${encodeURIComponent(entry.id)}`, {
      signal: abort.signal,
    }).then(
      (answer) => {
        const { before, after } = record(answer);
        const object = after ?? before;
        setText(object === undefined ? 'Nothing that is kept differs.' : stringify(object, { lineWidth: 0 }));
      },
      (error: unknown) => {
        if (!abort.signal.aborted) setText(inWords(error));
      },
    );
    return () => abort.abort();
  }, [entry.id]);
  return (
    <pre className="mono mb-3 ml-[84px] max-h-[360px] overflow-auto rounded-lg border border-line bg-sea p-3 text-[12px] leading-[1.6]">
      {text ?? 'Reading…'}
    </pre>
  );
}

function shown(value: unknown): string {
  const text = JSON.stringify(value);
  return text.length > 400 ? `${text.slice(0, 400)}…` : text;
}
