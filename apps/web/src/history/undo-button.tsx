'use client';
import { useState } from 'react';
import { callApi, inWords } from '../api/call-api';
import { toast } from '../ui/ui-store';
import type { Entry } from './entry';

/** What can be put back: the server keeps what was before a change or a deletion, but never a secret's values. */
export function canUndo({ verb, resource, subresource, code }: Entry): boolean {
  return (
    ['update', 'patch', 'delete'].includes(verb) &&
    code < 400 &&
    resource !== 'secrets' &&
    subresource !== 'status'
  );
}

/** Puts back what was before; the server refuses when something else has changed it since, and says what. */
export function UndoButton({ entry }: { entry: Entry }) {
  const [busy, setBusy] = useState(false);
  const undo = async () => {
    setBusy(true);
    try {
      await callApi('/apis/audit.wheelhouse.dev/v1/undos', {
        method: 'POST',
        body: { apiVersion: 'audit.wheelhouse.dev/v1', kind: 'Undo', spec: { entry: entry.id } },
      });
      toast('done', `${entry.name} is as it was before`);
    } catch (error) {
      toast('error', `${entry.name} was not put back`, inWords(error));
    } finally {
      setBusy(false);
    }
  };
  return (
    <button
      type="button"
      disabled={busy}
      className="text-[12.5px] text-ink-3 underline decoration-line-strong underline-offset-3 hover:text-ink"
      aria-label={`Undo: put ${entry.name} back as it was`}
      onClick={() => void undo()}
    >
      Undo
    </button>
  );
}
