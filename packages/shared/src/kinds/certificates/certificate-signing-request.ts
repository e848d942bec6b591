import type {
  CertificateSigningRequest,
  CertificateSigningRequestCondition,
  CertificateSigningRequestStatus,
} from 'kubernetes-types/certificates/v1';
import { humanDuration } from '../../meta/duration';
import { duplicate, type FieldError, invalidValue, notSupported, required } from '../../meta/field-error';
import type { KindDefinition, StrategyContext } from '../../meta/kind';
import { ageColumn, nameColumn } from '../columns';
import { nullWhenUnset } from '../null-times';
import { setStatus } from '../status-split';
import { certificatePemComplaint, requestPemComplaint } from './pem';
import { validateSignerName } from './signer-name';

export type { CertificateSigningRequest, CertificateSigningRequestCondition };

const LEAST_SECONDS = 600;
/** Those that mean something wherever they stand; each is true or not there. */
const DECISIONS = ['Approved', 'Denied', 'Failed'];
export const KEY_USAGES: readonly string[] = [
  'any',
  'cert sign',
  'client auth',
  'code signing',
  'content commitment',
  'crl sign',
  'data encipherment',
  'decipher only',
  'digital signature',
  'email protection',
  'encipher only',
  'ipsec end system',
  'ipsec tunnel',
  'ipsec user',
  'key agreement',
  'key encipherment',
  'microsoft sgc',
  'netscape sgc',
  'ocsp signing',
  's/mime',
  'server auth',
  'signing',
  'timestamping',
];

/** Asks a signer for a certificate. Somebody approves, the signer signs. */
export const certificateSigningRequestKind: KindDefinition<CertificateSigningRequest> = {
  group: 'certificates.k8s.io',
  version: 'v1',
  kind: 'CertificateSigningRequest',
  plural: 'certificatesigningrequests',
  singular: 'certificatesigningrequest',
  shortNames: ['csr'],
  namespaced: false,
  schema: 'io.k8s.api.certificates.v1.CertificateSigningRequest',
  nameRule: 'path-segment',
  status: true,
  hasGeneration: false,
  parts: {
    approval: {
      prepareForUpdate(next, previous, context) {
        const decided = next.status?.conditions ?? [];
        keepAllButConditions(next, previous, {
          ...previous.status,
          conditions: merged(decided, previous, (type) => type === 'Approved' || type === 'Denied'),
        });
        fillTimes(next, previous, context);
      },
      validateUpdate: (next, previous) => [
        ...validateConditions(next.status?.conditions),
        ...removedDecisions(next, previous),
        ...changedDecisions(next, previous, ['Failed']),
      ],
    },
  },
  selectableFields: { 'spec.signerName': ({ spec }) => spec?.signerName ?? '' },
  columns: [
    nameColumn,
    ageColumn,
    {
      name: 'SignerName',
      type: 'string',
      description: 'Who is to sign.',
      cell: ({ spec }) => spec?.signerName || '<none>',
    },
    {
      name: 'Requestor',
      type: 'string',
      description: 'Who asks.',
      cell: ({ spec }) => spec?.username ?? '',
    },
    {
      name: 'RequestedDuration',
      type: 'string',
      description: 'For how long the certificate is to be good.',
      cell: ({ spec }) =>
        spec?.expirationSeconds === undefined ? '<none>' : humanDuration(spec.expirationSeconds * 1000),
    },
    {
      name: 'Condition',
      type: 'string',
      description: 'What has been decided.',
      cell: ({ status }) => conditionText(status),
    },
  ],
  default(request) {
    setStatus(request, request.status ?? {});
    for (const condition of request.status?.conditions ?? []) {
      nullWhenUnset(condition, 'lastUpdateTime', 'lastTransitionTime');
    }
  },
  prepareForCreate(request) {
    setStatus(request, {});
  },
  prepareForUpdate(next, previous) {
    // What was asked for, and by whom, is what gets approved.
    next.spec = previous.spec;
    setStatus(next, previous.status);
  },
  prepareForStatusUpdate(next, previous, context) {
    const conditions = next.status?.conditions ?? [];
    keepAllButConditions(next, previous, {
      ...next.status,
      // Deciding is what the other subresource is for.
      conditions: merged(conditions, previous, (type) => type !== 'Approved' && type !== 'Denied'),
    });
    fillTimes(next, previous, context);
  },
  validate: ({ spec }) => [
    ...validateRequest(spec?.request),
    ...validateUsages(spec?.usages ?? []),
    ...(spec?.signerName === 'kubernetes.io/legacy-unknown'
      ? [
          invalidValue(
            'spec.signerName',
            spec.signerName,
            'the legacy signerName is not allowed via this API version',
          ),
        ]
      : validateSignerName(spec?.signerName ?? '', 'spec.signerName')),
    ...(spec?.expirationSeconds !== undefined && spec.expirationSeconds < LEAST_SECONDS
      ? [
          invalidValue(
            'spec.expirationSeconds',
            spec.expirationSeconds,
            'may not specify a duration less than 600 seconds (10 minutes)',
          ),
        ]
      : []),
  ],
  validateStatusUpdate: (next, previous) => [
    ...validateConditions(next.status?.conditions),
    ...removedDecisions(next, previous),
    ...validateCertificate(next, previous),
  ],
};

function conditionText(status: CertificateSigningRequestStatus | undefined): string {
  const types = new Set((status?.conditions ?? []).map(({ type }) => type));
  const parts = [types.has('Denied') ? 'Denied' : types.has('Approved') ? 'Approved' : 'Pending'];
  if (types.has('Failed')) parts.push('Failed');
  if (status?.certificate) parts.push('Issued');
  return parts.join(',');
}

/** The conditions of the types that may be written now, with the others as they were. */
function merged(
  wanted: readonly CertificateSigningRequestCondition[],
  previous: CertificateSigningRequest,
  writable: (type: string) => boolean,
): CertificateSigningRequestCondition[] {
  const known = previous.status?.conditions ?? [];
  return [
    ...known.filter(({ type }) => !writable(type)),
    ...wanted.filter(({ type }) => writable(type)),
    // Decisions of the other sort that are new here are kept, so that validation can refuse them.
    ...wanted.filter(({ type }) => !writable(type) && !known.some((condition) => condition.type === type)),
  ];
}

function keepAllButConditions(
  next: CertificateSigningRequest,
  previous: CertificateSigningRequest,
  status: CertificateSigningRequestStatus,
): void {
  next.spec = previous.spec;
  const { conditions, ...rest } = status;
  setStatus(next, conditions?.length ? { ...rest, conditions } : rest);
}

function fillTimes(
  next: CertificateSigningRequest,
  previous: CertificateSigningRequest,
  { now }: StrategyContext,
): void {
  const time = now.toISOString().replace(/\.\d+Z$/, 'Z');
  for (const condition of next.status?.conditions ?? []) {
    condition.lastUpdateTime ??= time;
    if (condition.lastTransitionTime) continue;
    const known = previous.status?.conditions?.find(
      ({ type, status }) => type === condition.type && status === condition.status,
    );
    condition.lastTransitionTime = known?.lastTransitionTime ?? time;
  }
}

function validateRequest(request: string | undefined): FieldError[] {
  const complaint = requestPemComplaint(request ?? '');
  return complaint ? [invalidValue('spec.request', request ?? '', complaint)] : [];
}

function validateUsages(usages: readonly string[]): FieldError[] {
  if (usages.length === 0) return [required('spec.usages')];
  return usages.flatMap((usage, i) => {
    const field = `spec.usages[${i}]`;
    return [
      ...(KEY_USAGES.includes(usage) ? [] : [notSupported(field, usage, KEY_USAGES)]),
      ...(usages.indexOf(usage) < i ? [duplicate(field, usage)] : []),
    ];
  });
}

function validateConditions(conditions: CertificateSigningRequestStatus['conditions'] = []): FieldError[] {
  const errors: FieldError[] = [];
  const seen = new Set<string>();
  conditions.forEach(({ type = '', status = '' }, i) => {
    const path = `status.conditions[${i}]`;
    if (type === '') errors.push(required(`${path}.type`));
    const values = DECISIONS.includes(type) ? ['True'] : ['False', 'True', 'Unknown'];
    if (status === '') errors.push(required(`${path}.status`));
    else if (!values.includes(status)) errors.push(notSupported(`${path}.status`, status, values));
    if (seen.has(type)) errors.push(duplicate(`${path}.type`, type));
    seen.add(type);
    if ((type === 'Approved' && seen.has('Denied')) || (type === 'Denied' && seen.has('Approved'))) {
      errors.push(
        invalidValue(`${path}.type`, type, 'Approved and Denied conditions are mutually exclusive'),
      );
    }
  });
  return errors;
}

/** What has been decided stays decided. */
function removedDecisions(
  next: CertificateSigningRequest,
  previous: CertificateSigningRequest,
): FieldError[] {
  const left = new Set((next.status?.conditions ?? []).map(({ type }) => type));
  return (previous.status?.conditions ?? [])
    .filter(({ type }) => DECISIONS.includes(type) && !left.has(type))
    .map(({ type }) => ({
      reason: 'FieldValueForbidden' as const,
      field: 'status.conditions',
      message: `Forbidden: updates may not remove a condition of type "${type}"`,
    }));
}

function changedDecisions(
  next: CertificateSigningRequest,
  previous: CertificateSigningRequest,
  types: readonly string[],
): FieldError[] {
  const known = new Set((previous.status?.conditions ?? []).map(({ type }) => type));
  return (next.status?.conditions ?? [])
    .filter(({ type }) => types.includes(type) && !known.has(type))
    .map(({ type }) => ({
      reason: 'FieldValueForbidden' as const,
      field: 'status.conditions',
      message: `Forbidden: updates may not add a condition of type "${type}"`,
    }));
}

function validateCertificate(
  next: CertificateSigningRequest,
  previous: CertificateSigningRequest,
): FieldError[] {
  const errors = changedDecisions(next, previous, ['Approved', 'Denied']);
  const [before, after] = [previous.status?.certificate, next.status?.certificate];
  if (before && before !== after) {
    errors.push({
      reason: 'FieldValueForbidden',
      field: 'status.certificate',
      message: 'Forbidden: updates may not change certificate data',
    });
  }
  const complaint = after && after !== before ? certificatePemComplaint(after) : undefined;
  if (complaint) errors.push(invalidValue('status.certificate', '<certificate data>', complaint));
  return errors;
}
