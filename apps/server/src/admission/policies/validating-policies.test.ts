import { validatingAdmissionPolicyKind } from '@wheelhouse/shared/kinds/admissionregistration/validating-admission-policy';
import { validatingAdmissionPolicyBindingKind } from '@wheelhouse/shared/kinds/admissionregistration/validating-admission-policy-binding';
import { configMapKind } from '@wheelhouse/shared/kinds/core/config-map';
import { namespaceKind } from '@wheelhouse/shared/kinds/core/namespace';
import type {
  ValidatingAdmissionPolicyBindingSpec,
  ValidatingAdmissionPolicySpec,
} from 'kubernetes-types/admissionregistration/v1';
import { Agent, fetch } from 'undici';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { AuditRecord } from '../../audit/audit-sink';
import { startTestApiServer, type TestApiServer } from '../../http/testing/test-api-server';
import { validatingPolicies } from './validating-policies';

let server: TestApiServer;
/** Everything that was recorded of the objects that tests make. */
const records: AuditRecord[] = [];

beforeAll(async () => {
  server = await startTestApiServer({
    audit: { record: (record) => void records.push(record), flush: async () => {}, close: async () => {} },
    // Answers for nodes come later, as in the product.
    authorizer: {
      authorize({ user, path, resource }) {
        const isKnown = user.name === 'admin' || user.name === 'system:apiserver';
        const allowed = isKnown && path !== '/secret' && resource?.namespace !== 'closed';
        const decision = allowed ? { allowed } : { allowed, reason: `not ${user.name}` };
        return resource?.plural === 'nodes' ? Promise.resolve(decision) : decision;
      },
    },
    admission: [validatingPolicies((apiVersion, kind) => server.api.findKind(apiVersion, kind))],
  });
  await server.client.create(namespaceKind, { metadata: { name: 'one', labels: { strict: 'yes' } } });
  await server.client.create(namespaceKind, { metadata: { name: 'two' } });
});
afterAll(() => server.stop());
afterEach(async () => {
  for (const { metadata } of (await server.client.list(validatingAdmissionPolicyKind)).items) {
    await server.client.delete(validatingAdmissionPolicyKind, metadata);
    await server.client.delete(validatingAdmissionPolicyBindingKind, metadata);
  }
});

const rules = {
  resourceRules: [
    {
      apiGroups: [''],
      apiVersions: ['v1'],
      operations: ['CREATE', 'UPDATE'],
      ...{ resources: ['configmaps'] },
    },
  ],
};

async function policy(
  name: string,
  spec: Partial<ValidatingAdmissionPolicySpec>,
  binding: Partial<ValidatingAdmissionPolicyBindingSpec> = {},
): Promise<void> {
  await server.client.create(validatingAdmissionPolicyKind, {
    metadata: { name },
    spec: { matchConstraints: rules, ...spec },
  });
  await server.client.create(validatingAdmissionPolicyBindingKind, {
    metadata: { name },
    spec: { policyName: name, validationActions: ['Deny'], ...binding },
  });
}

let count = 0;
const make = (data: Record<string, string>, namespace = 'one') =>
  server.client.create(configMapKind, { metadata: { name: `x-${++count}`, namespace }, data });

const small = [{ expression: 'size(object.data) < 2' }];

describe('a policy', () => {
  it('that is bound refuses what violates it', async () => {
    await policy('p', { validations: small });
    await make({ a: '1' });
    await expect(make({ a: '1', b: '2' })).rejects.toMatchObject({
      code: 422,
      reason: 'Invalid',
      message: `configmaps "x-${count}" is forbidden: ValidatingAdmissionPolicy 'p' with binding 'p' denied request: failed expression: size(object.data) < 2`,
    });
  });

  it.each([
    ['a fixed message', { message: 'too many' }, 'too many'],
    ['one that is made', { messageExpression: '"has " + string(size(object.data))' }, 'has 2'],
    [
      'the fixed one when the other cannot be made',
      { message: 'fixed', messageExpression: 'object.no.where' },
      'fixed',
    ],
  ])('tells %s', async (_what, texts, message) => {
    await policy('p', {
      validations: [{ ...small[0], expression: 'size(object.data) < 2', reason: 'Forbidden', ...texts }],
    });
    await expect(make({ a: '1', b: '2' })).rejects.toMatchObject({
      code: 403,
      message: expect.stringContaining(`denied request: ${message}`),
    });
  });

  it('has variables, sees the namespace and what was there before', async () => {
    await policy('p', {
      variables: [
        {
          name: 'strict',
          expression:
            "has(namespaceObject.metadata.labels) && namespaceObject.metadata.labels[?'strict'].orValue('') == 'yes'",
        },
        { name: 'grows', expression: 'oldObject != null && size(object.data) > size(oldObject.data)' },
      ],
      validations: [{ expression: '!variables.strict || !variables.grows', message: 'may not grow' }],
    });
    for (const namespace of ['one', 'two']) {
      const { metadata } = await make({ a: '1' }, namespace);
      const grown = server.client.patch(configMapKind, metadata, {
        type: 'merge',
        body: { data: { b: '2' } },
      });
      if (namespace === 'one') await expect(grown).rejects.toThrow('may not grow');
      else await grown;
    }
  });

  it('is held to by what its own conditions and the selectors of its binding let through', async () => {
    await policy(
      'p',
      { validations: small, matchConditions: [{ name: 'marked', expression: "'mark' in object.data" }] },
      { matchResources: { namespaceSelector: { matchLabels: { strict: 'yes' } } } },
    );
    await make({ a: '1', b: '2' });
    await make({ mark: '1', b: '2' }, 'two');
    await expect(make({ mark: '1', b: '2' })).rejects.toMatchObject({ code: 422 });
  });

  it('is configured by objects that its binding names', async () => {
    const spec = {
      paramKind: { apiVersion: 'v1', kind: 'ConfigMap' },
      validations: [{ expression: 'size(object.data) <= int(params.data.most)' }],
    };
    await server.client.create(configMapKind, {
      metadata: { name: 'limits', namespace: 'two' },
      data: { most: '3' },
    });
    const paramRef = { name: 'limits', namespace: 'two', parameterNotFoundAction: 'Deny' };
    await policy('p', spec, { paramRef });
    await make({ a: '1', b: '2', c: '3' });
    await expect(make({ a: '1', b: '2', c: '3', d: '4' })).rejects.toMatchObject({ code: 422 });
    await policy('q', spec, { paramRef: { ...paramRef, name: 'missing' } });
    await expect(make({ a: '1' })).rejects.toThrow(
      'no params found for policy binding with `Deny` parameterNotFoundAction',
    );
  });

  it('that cannot be told is handled by its failure policy', async () => {
    const validations = [{ expression: 'object.data.nowhere == "x"' }];
    await policy('p', { validations, failurePolicy: 'Ignore' });
    await make({});
    await policy('q', { validations });
    await expect(make({})).rejects.toThrow(`expression 'object.data.nowhere == "x"' resulted in error`);
  });

  it('may only warn', async () => {
    await policy('p', { validations: small }, { validationActions: ['Warn'] });
    const agent = new Agent({ connect: { ca: server.ca } });
    const answer = await fetch(`${server.baseUrl}/api/v1/namespaces/one/configmaps`, {
      method: 'POST',
      dispatcher: agent,
      headers: { authorization: `Bearer ${server.token}`, 'content-type': 'application/json' },
      body: JSON.stringify({ metadata: { name: 'warned' }, data: { a: '1', b: '2' } }),
    });
    expect(answer.status).toBe(201);
    expect(answer.headers.get('warning')).toContain(
      "Validation failed for ValidatingAdmissionPolicy 'p' with binding 'p'",
    );
    await answer.body?.cancel();
    await agent.close();
  });

  it('asks what the user, or an account, may do', async () => {
    const asks = "authorizer.group('').resource";
    await policy('p', {
      validations: [
        { expression: "authorizer.path('/healthz').check('get').allowed()" },
        { expression: "!authorizer.path('/secret').check('get').allowed()" },
        { expression: `${asks}('pods').namespace('open').check('create').allowed()` },
        { expression: `${asks}('pods').namespace('closed').check('create').reason() == 'not admin'` },
        { expression: `${asks}('nodes').name('n').subresource('status').check('update').allowed()` },
        {
          expression:
            "authorizer.serviceAccount('one', 'bot').group('').resource('nodes').check('list').reason() == 'not system:serviceaccount:one:bot'",
        },
        { expression: "authorizer.requestResource.check('approve').allowed()" },
        { expression: "!authorizer.requestResource.namespace('closed').check('approve').errored()" },
        { expression: "'nodes' in object.data", message: 'the last word' },
      ],
      matchConditions: [
        { name: 'nodes', expression: "authorizer.group('').resource('nodes').check('get').allowed()" },
      ],
    });
    await expect(make({ a: '1' })).rejects.toThrow(/denied request: the last word$/);
    await make({ nodes: '' });
    await expect(
      policy('q', { validations: [{ expression: 'authorizer.elsewhere.check("get").allowed()' }] }),
    ).rejects.toThrow("undefined field 'elsewhere'");
  });

  it('notes in the audit what it finds, without refusing it', async () => {
    await policy(
      'p',
      {
        validations: [{ expression: 'true' }, ...small],
        auditAnnotations: [
          { key: 'size', valueExpression: 'string(size(object.data)) + " keys"' },
          { key: 'none', valueExpression: 'null' },
        ],
      },
      { validationActions: ['Audit'] },
    );
    const { metadata } = await make({ a: '1', b: '2' });
    const { annotations } = records.find(({ uid }) => uid === metadata.uid) ?? {};
    expect(annotations).toEqual({
      'p/size': '2 keys',
      'validation.policy.admission.k8s.io/validation_failure': expect.any(String),
    });
    expect(JSON.parse(Object.values(annotations ?? {})[1] ?? '')).toEqual([
      {
        message: 'failed expression: size(object.data) < 2',
        policy: 'p',
        binding: 'p',
        expressionIndex: 1,
        validationActions: ['Audit'],
      },
    ]);
  });

  it('has its say though another one refuses', async () => {
    await policy('p', { validations: small });
    await policy('q', { auditAnnotations: [{ key: 'seen', valueExpression: '"yes"' }] });
    await expect(make({ a: '1', b: '2' })).rejects.toThrow("ValidatingAdmissionPolicy 'p'");
    expect(records.find(({ name }) => name === `x-${count}`)?.annotations).toEqual({ 'q/seen': 'yes' });
  });

  it('notes of each that is deleted with others what is said of it', async () => {
    const matchConstraints = {
      resourceRules: rules.resourceRules.map((rule) => ({ ...rule, operations: ['DELETE'] })),
    };
    const valueExpression = "'odd' in oldObject.data ? oldObject.metadata.name : null";
    await policy('p', { matchConstraints, auditAnnotations: [{ key: 'odd', valueExpression }] });
    await server.client.create(namespaceKind, { metadata: { name: 'full' } });
    const names: string[] = [];
    const contents: Record<string, string>[] = [{ odd: '1' }, { even: '2' }, { odd: '3' }];
    for (const data of contents) {
      names.push((await make(data, 'full')).metadata.name);
    }
    const agent = new Agent({ connect: { ca: server.ca } });
    const answer = await fetch(`${server.baseUrl}/api/v1/namespaces/full/configmaps`, {
      method: 'DELETE',
      dispatcher: agent,
      headers: { authorization: `Bearer ${server.token}` },
    });
    expect(answer.status).toBe(200);
    await answer.body?.cancel();
    await agent.close();
    const noted = names.map(
      (deleted) =>
        records.find(({ verb, name }) => verb === 'deletecollection' && name === deleted)?.annotations,
    );
    expect(noted).toEqual([{ 'p/odd': names[0] }, undefined, { 'p/odd': names[2] }]);
  });

  it('whose note cannot be made refuses, or not, as its failure policy says', async () => {
    const auditAnnotations = [{ key: 'x', valueExpression: 'object.data.nowhere' }];
    await policy('p', { auditAnnotations, failurePolicy: 'Ignore' });
    await make({});
    await policy('q', { auditAnnotations }, { validationActions: ['Audit'] });
    await expect(make({})).rejects.toThrow("expression 'object.data.nowhere' resulted in error");
  });

  it('tells in its status what it gets wrong about the kinds that it names', async () => {
    await policy('p', {
      validations: [{ expression: 'object.dat.a == "x"' }, { expression: 'object.data.a == "x"' }],
    });
    const wrong = await server.client.get(validatingAdmissionPolicyKind, { name: 'p' });
    expect(wrong.status).toEqual({
      observedGeneration: 1,
      typeChecking: {
        expressionWarnings: [
          {
            fieldRef: 'spec.validations[0].expression',
            warning: "v1, Kind=ConfigMap: ERROR: undefined field 'dat'",
          },
        ],
      },
    });
    const right = await server.client.update(validatingAdmissionPolicyKind, {
      ...wrong,
      spec: { ...wrong.spec, validations: small },
    });
    expect(right.status).toEqual({ observedGeneration: 2, typeChecking: {} });
  });

  it('whose expressions do not compile is refused itself', async () => {
    await expect(policy('p', { validations: [{ expression: 'object.data.' }] })).rejects.toMatchObject({
      reason: 'Invalid',
      message: expect.stringContaining('spec.validations[0].expression'),
    });
    await expect(policy('p', { validations: [{ expression: '1 + 1' }] })).rejects.toThrow(
      'must evaluate to bool',
    );
  });
});
