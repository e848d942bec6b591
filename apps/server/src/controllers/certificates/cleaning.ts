import type { CertificateSigningRequest } from 'kubernetes-types/certificates/v1';

const HOUR_MS = 3_600_000;
/** How long requests stay: decided ones so that they can be looked at, open ones so that somebody can decide. */
const KEPT_MS = { decided: HOUR_MS, open: 24 * HOUR_MS };

/**
 * Milliseconds until a request is to be removed; 0 or less: now. `expires` is the end of its certificate, if it has
 * one.
 */
export function msUntilRemoval(
  request: CertificateSigningRequest,
  expires: Date | undefined,
  now: Date,
): number {
  const { status, metadata } = request;
  const conditions = status?.conditions ?? [];
  const created = timeOf(metadata?.creationTimestamp) ?? now.getTime();
  const since = (type: string) => {
    const condition = conditions.find((one) => one.type === type);
    return condition && (timeOf(condition.lastUpdateTime) ?? created);
  };
  const ends: number[] = [];
  const closed = [since('Denied'), since('Failed'), status?.certificate ? since('Approved') : undefined];
  for (const time of closed) if (time !== undefined) ends.push(time + KEPT_MS.decided);
  const approved = since('Approved');
  if (ends.length === 0) ends.push((approved ?? created) + KEPT_MS.open);
  if (expires) ends.push(expires.getTime());
  return Math.min(...ends) - now.getTime();
}

function timeOf(text: string | null | undefined): number | undefined {
  const time = text ? Date.parse(text) : Number.NaN;
  return Number.isNaN(time) ? undefined : time;
}
