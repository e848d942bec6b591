import type { NodeSelector } from 'kubernetes-types/core/v1';
import {
  complaints,
  type FieldError,
  forbidden,
  invalidValue,
  notSupported,
  required,
  tooLong,
} from '../../meta/field-error';
import { dns1123Subdomain } from '../../meta/names';
import { parseQuantity } from '../../meta/quantity';
import { validateNodeTerm } from './pod-spec/scheduling';

/** What persistent volumes and claims have in common. */

/** Ways in which a volume may be mounted, in the order in which they are printed, with their short names. */
const ACCESS_MODES: Readonly<Record<string, string>> = {
  ReadWriteOnce: 'RWO',
  ReadOnlyMany: 'ROX',
  ReadWriteMany: 'RWX',
  ReadWriteOncePod: 'RWOP',
};

export const VOLUME_MODES: readonly string[] = ['Block', 'Filesystem'];

/** Names the class of a volume or claim; older than the field `storageClassName` and still stronger. */
export const CLASS_ANNOTATION = 'volume.beta.kubernetes.io/storage-class';

/** Marks the class that claims get which name none. */
export const DEFAULT_CLASS_ANNOTATION = 'storageclass.kubernetes.io/is-default-class';
const BETA_DEFAULT_CLASS_ANNOTATION = 'storageclass.beta.kubernetes.io/is-default-class';

interface WithClass {
  readonly metadata?: { readonly annotations?: Readonly<Record<string, string>> };
  readonly spec?: { readonly storageClassName?: string };
}

/** The class of a volume or claim; undefined when none is named, '' when none is wanted. */
export function storageClassOf(object: WithClass): string | undefined {
  return object.metadata?.annotations?.[CLASS_ANNOTATION] ?? object.spec?.storageClassName;
}

export function isDefaultClass(object: Pick<WithClass, 'metadata'>): boolean {
  const annotations = object.metadata?.annotations;
  return (
    annotations?.[DEFAULT_CLASS_ANNOTATION] === 'true' ||
    annotations?.[BETA_DEFAULT_CLASS_ANNOTATION] === 'true'
  );
}

/** `RWO,ROX`: each mode once, in a fixed order. */
export function shortAccessModes(modes: readonly string[] | undefined): string {
  return Object.entries(ACCESS_MODES)
    .filter(([mode]) => modes?.includes(mode))
    .map(([, short]) => short)
    .join(',');
}

/** Modes are known, and a volume for a single pod is for nobody else. */
export function validateAccessModes(modes: readonly string[], path: string): FieldError[] {
  const errors = modes
    .filter((mode) => !Object.hasOwn(ACCESS_MODES, mode))
    .map((mode) => notSupported(path, mode, Object.keys(ACCESS_MODES).sort()));
  if (modes.includes('ReadWriteOncePod') && modes.some((mode) => mode !== 'ReadWriteOncePod')) {
    errors.push(forbidden(path, 'may not use ReadWriteOncePod with other access modes'));
  }
  return errors;
}

export function validateVolumeMode(mode: string | undefined, path: string): FieldError[] {
  return mode === undefined || VOLUME_MODES.includes(mode) ? [] : [notSupported(path, mode, VOLUME_MODES)];
}

export function validateClassName(name: string, path: string): FieldError[] {
  return complaints(path, name, dns1123Subdomain(name));
}

/** A size: more than nothing. */
export function positiveQuantity(quantity: string, path: string): FieldError[] {
  return parseQuantity(quantity).nanos > 0n
    ? []
    : [invalidValue(path, quantity, 'must be greater than zero')];
}

export function nonNegativeQuantity(quantity: string | undefined, path: string): FieldError[] {
  return quantity === undefined || parseQuantity(quantity).nanos >= 0n
    ? []
    : [invalidValue(path, quantity, 'must be greater than or equal to 0')];
}

/** Names of CSI drivers are domain names of at most 63 characters; capitals are let pass. */
export function validateDriverName(name: string | undefined, path: string): FieldError[] {
  const errors: FieldError[] = name ? [] : [required(path)];
  if (name && name.length > 63) errors.push(tooLong(path, 63));
  // Nothing at all is also no domain name.
  return [...errors, ...complaints(path, name ?? '', dns1123Subdomain((name ?? '').toLowerCase()))];
}

/** A choice of nodes: at least one term, each well-formed. */
export function validateNodeSelectorTerms(selector: NodeSelector, path: string): FieldError[] {
  const terms = selector.nodeSelectorTerms ?? [];
  const at = `${path}.nodeSelectorTerms`;
  if (!terms.length) return [required(at, 'must have at least one node selector term')];
  return terms.flatMap((term, i) => validateNodeTerm(term, `${at}[${i}]`));
}
