'use client';
import { useState } from 'react';
import { Page } from '../ui/page';
import { ShowLink } from '../ui/show';
import { useUi } from '../ui/ui-store';
import { YamlEditor } from '../ui/yaml-editor';
import { type Application, applyYaml } from './apply';
import { EXAMPLES } from './examples';

const WORDS = { made: 'is made', changed: 'is changed', unchanged: 'is as it was' };

export function CreatePage() {
  const namespace = useUi((state) => state.namespace) ?? 'default';
  const [text, setText] = useState(EXAMPLES[0]?.text ?? '');
  const [result, setResult] = useState<Application>();
  const [busy, setBusy] = useState(false);
  const apply = async () => {
    setBusy(true);
    setResult(await applyYaml(text, namespace));
    setBusy(false);
  };
  return (
    <Page
      title="Create from YAML"
      note={`What is not there is made, what is there is changed. Without a namespace it goes to ${namespace}.`}
    >
      <div className="grid grid-cols-[minmax(0,1fr)] gap-4 lg:grid-cols-[minmax(0,1fr)_300px]">
        <div className="card flex h-[min(600px,calc(100dvh-200px))] flex-col overflow-hidden">
          <YamlEditor
            value={text}
            onChange={(next) => {
              setText(next);
              setResult(undefined);
            }}
            problems={result?.problems ?? []}
            label="YAML to apply"
            onSubmit={() => void apply()}
          />
          <div className="flex items-center gap-2 border-t border-line px-4 py-3">
            <span className="flex-1 text-[12.5px] text-ink-3">Several documents are separated by ---</span>
            <button
              type="button"
              className="button"
              data-tone="primary"
              disabled={busy || !text.trim()}
              onClick={() => void apply()}
            >
              {busy ? 'Applying…' : 'Apply'}
            </button>
          </div>
        </div>
        <div>
          <section className="card mb-4 p-4">
            <h2 className="mb-2 text-[13px] font-semibold text-ink-2">Start from an example</h2>
            <div className="flex flex-col items-start gap-1.5">
              {EXAMPLES.map((example) => (
                <button
                  key={example.name}
                  type="button"
                  className="link text-left text-[13px]"
                  onClick={() => {
                    setText(example.text);
                    setResult(undefined);
                  }}
                >
                  {example.name}
                </button>
              ))}
            </div>
          </section>
          {result ? <Outcome result={result} /> : null}
        </div>
      </div>
    </Page>
  );
}

function Outcome({ result }: { result: Application }) {
  return (
    <section className="card rise p-4 text-[13px]" aria-live="polite" data-testid="apply-result">
      {result.applied.map(({ what, outcome, resource, namespace, name, document }) => (
        <p key={document} className="mb-1.5 flex items-center gap-2">
          <i className="tile [--tile:13px]" data-look="running" aria-hidden="true" />
          <span className="min-w-0 [overflow-wrap:anywhere]">
            <ShowLink className="font-semibold hover:underline" to={{ resource, namespace, name }}>
              {what}
            </ShowLink>{' '}
            {WORDS[outcome]}
          </span>
        </p>
      ))}
      {result.problems.map(({ line, text }) => (
        <p key={`${line}${text}`} role="alert" className="mb-1.5 flex items-start gap-2 text-fail-ink">
          <i className="tile mt-[3px] [--tile:12px]" data-look="failed" aria-hidden="true" />
          <span className="min-w-0 [overflow-wrap:anywhere]">
            {line ? <b className="font-semibold">Line {line}. </b> : null}
            {text}
          </span>
        </p>
      ))}
    </section>
  );
}
