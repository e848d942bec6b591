import { record } from './entry';

/** What webhooks and policies had to say to a change, one sentence each; what nobody knows stays as it is. */
export function annotationsInWords(annotations: Readonly<Record<string, string>>): string[] {
  return Object.entries(annotations).flatMap(([key, value]) => sentences(key, value));
}

function sentences(key: string, value: string): string[] {
  if (key.startsWith('failed-open.')) return [`webhook ${value} did not answer and was passed over`];
  const about = key.slice(0, key.indexOf('/'));
  if (about === 'mutation.webhook.admission.k8s.io') {
    const { webhook, mutated } = record(parsed(value));
    if (typeof webhook === 'string')
      return [mutated ? `webhook ${webhook} changed it on the way` : `webhook ${webhook} let it be`];
  }
  if (about === 'validation.policy.admission.k8s.io') {
    const failures = parsed(value);
    if (Array.isArray(failures)) {
      return failures.map((failure: unknown) => {
        const { policy, message } = record(failure);
        return `policy ${String(policy)} objected: ${String(message)}`;
      });
    }
  }
  return [`${key}: ${value}`];
}

function parsed(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    // Not what this key usually holds: shown as a text.
    return undefined;
  }
}
