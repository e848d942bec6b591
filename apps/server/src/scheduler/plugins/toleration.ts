import type { Taint, Toleration } from 'kubernetes-types/core/v1';

type TaintLike = Pick<Taint, 'key' | 'effect'> & { value?: string };

/** True when one of the tolerations covers the taint. An empty key with Exists covers all; no effect, every effect. */
export function tolerates(tolerations: readonly Toleration[] | undefined, taint: TaintLike): boolean {
  return tolerations?.some((toleration) => covers(toleration, taint)) ?? false;
}

function covers(toleration: Toleration, taint: TaintLike): boolean {
  if (toleration.effect && toleration.effect !== taint.effect) return false;
  if (toleration.key && toleration.key !== taint.key) return false;
  if (toleration.operator === 'Exists') return true;
  return Boolean(toleration.key) && (toleration.value ?? '') === (taint.value ?? '');
}
