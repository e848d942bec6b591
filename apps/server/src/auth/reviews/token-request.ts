import type { Client } from '@wheelhouse/shared/client/client';
import type { Clock } from '@wheelhouse/shared/clock';
import { badRequest, conflict, invalid } from '@wheelhouse/shared/errors';
import { nodeKind } from '@wheelhouse/shared/kinds/core/node';
import { podKind } from '@wheelhouse/shared/kinds/core/pod';
import { secretKind } from '@wheelhouse/shared/kinds/core/secret';
import { serviceAccountKind } from '@wheelhouse/shared/kinds/core/service-account';
import { decode } from '@wheelhouse/shared/meta/decode';
import type { KubeObject } from '@wheelhouse/shared/meta/object';
import type { BoundObjectReference, TokenRequest } from 'kubernetes-types/authentication/v1';
import { mediaType, parseBody, readBody } from '../../http/body';
import type { ApiRequest, SubresourceHandler } from '../../http/extension';
import { sendObject } from '../../http/respond';
import { nodeNameOf } from '../node-identity';
import { API_AUDIENCE, type ServiceAccountClaims, type ServiceAccountKeys } from '../service-account-keys';

const TOKEN_REQUEST = {
  group: 'authentication.k8s.io',
  version: 'v1',
  kind: 'TokenRequest',
  schema: 'io.k8s.api.authentication.v1.TokenRequest',
} as const;
type DecodedRequest = KubeObject & { readonly spec?: Partial<TokenRequest['spec']> };

const DEFAULT_SECONDS = 3600;
const LEAST_SECONDS = 600;
const MOST_SECONDS = 2 ** 32;

/** POST `serviceaccounts/token` (`kubectl create token`, kubelets): a new token for an account, signed but not stored. */
export function createTokenRequestHandler(options: {
  readonly keys: ServiceAccountKeys;
  readonly client: Client;
  readonly clock: Clock;
}): SubresourceHandler {
  const { keys, client, clock } = options;
  return {
    group: '',
    plural: 'serviceaccounts',
    subresource: 'token',
    methods: ['POST'],
    async handle(request, req, res, admit) {
      const { namespace, name } = accountOf(request);
      const account = await client.get(serviceAccountKind, { namespace, name });
      const body = await parseBody(await readBody(req), mediaType(req));
      if (body === undefined) throw badRequest('a body is needed');
      const { object } = decode<DecodedRequest>(TOKEN_REQUEST, body);
      const asked = { ...object, metadata: { ...object.metadata, name, namespace } };
      const { spec } = await admit(asked, TOKEN_REQUEST);
      const audiences = spec?.audiences?.length ? spec.audiences : [API_AUDIENCE];
      const seconds = spec?.expirationSeconds ?? DEFAULT_SECONDS;
      checkSeconds(seconds);
      const bound = spec?.boundObjectRef;
      const claims: ServiceAccountClaims = {
        namespace,
        serviceAccount: { name, uid: account.metadata.uid },
        ...(bound ? await bind(client, { namespace, account: name, bound, request }) : {}),
      };
      const { token, expires } = await keys.sign(claims, { audiences, seconds, now: clock.now() });
      const answer = {
        kind: 'TokenRequest',
        apiVersion: 'authentication.k8s.io/v1',
        metadata: {
          name,
          namespace,
          creationTimestamp: clock
            .now()
            .toISOString()
            .replace(/\.\d+Z$/, 'Z'),
        },
        spec: { audiences, expirationSeconds: seconds, boundObjectRef: bound ?? null },
        status: { token, expirationTimestamp: expires.toISOString().replace(/\.\d+Z$/, 'Z') },
      };
      sendObject(res, 201, answer);
    },
  };
}

function accountOf(request: ApiRequest): { namespace: string; name: string } {
  const { namespace, name } = request.resource ?? {};
  if (!namespace || !name) throw badRequest('a namespace and a service account are required');
  return { namespace, name };
}

function checkSeconds(seconds: unknown): asserts seconds is number {
  const problem =
    typeof seconds !== 'number' || !Number.isInteger(seconds)
      ? 'must be a whole number'
      : seconds < LEAST_SECONDS
        ? 'may not specify a duration less than 10 minutes'
        : seconds > MOST_SECONDS
          ? 'may not specify a duration larger than 2^32 seconds'
          : undefined;
  if (problem)
    throw invalid({ group: 'authentication.k8s.io', kind: 'TokenRequest', name: '' }, [
      {
        reason: 'FieldValueInvalid',
        field: 'spec.expirationSeconds',
        message: `Invalid value: ${JSON.stringify(seconds)}: ${problem}`,
      },
    ]);
}

/** The object whose life bounds the token's. A pod that does not exist is NotFound. A node gets tokens only for pods of its own. */
async function bind(
  client: Client,
  context: { namespace: string; account: string; bound: BoundObjectReference; request: ApiRequest },
): Promise<Partial<ServiceAccountClaims>> {
  const { namespace, account, bound, request } = context;
  const name = bound.name ?? '';
  switch (bound.kind) {
    case 'Pod': {
      const pod = await client.get(podKind, { namespace, name });
      checkUid('Pod', { name, uid: pod.metadata.uid, wanted: bound.uid });
      if (pod.spec?.serviceAccountName !== account)
        throw badRequest(
          `cannot bind token for serviceaccount "${account}" to pod running with different serviceaccount name.`,
        );
      const asking = nodeNameOf(request.user);
      if (asking !== undefined && pod.spec.nodeName !== asking)
        throw badRequest(`node "${asking}" may bind tokens only to pods of its own`);
      const node = pod.spec.nodeName;
      return { pod: { name, uid: pod.metadata.uid }, ...(node ? { node: { name: node } } : {}) };
    }
    case 'Secret': {
      const secret = await client.get(secretKind, { namespace, name });
      checkUid('Secret', { name, uid: secret.metadata.uid, wanted: bound.uid });
      return { secret: { name, uid: secret.metadata.uid } };
    }
    case 'Node': {
      const node = await client.get(nodeKind, { name });
      checkUid('Node', { name, uid: node.metadata.uid, wanted: bound.uid });
      return { node: { name, uid: node.metadata.uid } };
    }
    default:
      throw badRequest(`cannot bind token to object of type ${bound.apiVersion ?? ''}/${bound.kind ?? ''}`);
  }
}

function checkUid(kind: string, ids: { name: string; uid: string; wanted: string | undefined }): void {
  const { name, uid, wanted } = ids;
  if (wanted && wanted !== uid)
    throw conflict(
      { kind, name },
      `the UID in the bound object reference (${wanted}) does not match the UID in record. The object might have been deleted and then recreated`,
    );
}
