'use client';
import type { KubeObject } from '@wheelhouse/shared/meta/object';
import { useState } from 'react';
import { parse, stringify } from 'yaml';
import { callApi, inWords } from '../api/call-api';
import { pathOf } from '../api/paths';
import { type Problem, problemsOf } from '../create/problems';
import type { Shown } from '../ui/show';
import { toast } from '../ui/ui-store';
import { YamlEditor } from '../ui/yaml-editor';
import { useApiObject } from './use-api-object';

/** The object as it is stored, to read and to change. While it is being edited, the screen does not pull it away. */
export function YamlTab({ shown, readOnly = false }: { shown: Shown; readOnly?: boolean }) {
  const { object, error, reload } = useApiObject<KubeObject>(shown);
  const [draft, setDraft] = useState<string>();
  const [problems, setProblems] = useState<readonly Problem[]>([]);
  const [busy, setBusy] = useState(false);
  if (!object)
    return <p className="px-5 py-4 text-[13px] text-ink-3">{error ? inWords(error) : 'Reading…'}</p>;

  const current = toYaml(object);
  const text = draft ?? current;
  const apply = async () => {
    setBusy(true);
    try {
      const body: unknown = parse(text);
      await callApi(pathOf(shown), { method: 'PUT', body });
      setDraft(undefined);
      setProblems([]);
      toast('done', `${shown.name} is changed`);
      reload();
    } catch (failure) {
      setProblems(problemsOf(failure, text));
    } finally {
      setBusy(false);
    }
  };
  return (
    <>
      <YamlEditor
        value={text}
        onChange={(next) => setDraft(next === current ? undefined : next)}
        problems={problems}
        readOnly={readOnly}
        label={`YAML of ${shown.name}`}
      />
      <div className="border-t border-line px-5 py-3">
        {problems.map((problem) => (
          <p key={`${problem.line}${problem.text}`} role="alert" className="mb-2 text-[13px] text-fail-ink">
            {problem.line ? `Line ${problem.line}: ` : ''}
            {problem.text}
          </p>
        ))}
        <div className="flex items-center gap-2">
          <span className="flex-1 text-[12.5px] text-ink-3">
            {draft === undefined
              ? 'As stored; it follows every change.'
              : 'Your changes are not applied yet.'}
          </span>
          {draft !== undefined ? (
            <button
              type="button"
              className="button"
              onClick={() => {
                setDraft(undefined);
                setProblems([]);
              }}
            >
              Put back
            </button>
          ) : null}
          {readOnly ? null : (
            <button
              type="button"
              className="button"
              data-tone="primary"
              disabled={draft === undefined || busy}
              onClick={() => void apply()}
            >
              {busy ? 'Applying…' : 'Apply'}
            </button>
          )}
        </div>
      </div>
    </>
  );
}

/** Without the bookkeeping of who manages which field: it is long, and nobody edits it. */
function toYaml(object: KubeObject): string {
  const { managedFields: _, ...metadata } = object.metadata ?? {};
  return stringify({ ...object, metadata }, { lineWidth: 0 });
}
