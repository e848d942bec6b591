import { apiVersionOf, type KindDefinition } from '@wheelhouse/shared/meta/kind';
import { type FieldType, typeSchema } from '@wheelhouse/shared/meta/schema';
import type { ExpressionWarning, ValidatingAdmissionPolicy } from 'kubernetes-types/admissionregistration/v1';
import { CelCompileError, compile } from '../../cel/compile';
import { escapeName } from '../../cel/schema-values';
import { boolType, type CelType, DYN, stringType } from '../../cel/types';
import { POLICY_VARIABLES } from './policy';

/** As many kinds as Kubernetes checks a policy against. */
const MOST_KINDS = 10;

/** An object type whose fields are worked out when they are asked for: types may hold themselves. */
class ObjectType implements CelType {
  readonly kind = 'object';
  #fields: ReadonlyMap<string, CelType> | undefined;

  constructor(private readonly name: string) {}

  get fields(): ReadonlyMap<string, CelType> {
    this.#fields ??= new Map(
      [...typeSchema(this.name).fields.values()].map(({ name, type }) => [escapeName(name), celType(type)]),
    );
    return this.#fields;
  }
}

function celType(type: FieldType): CelType {
  switch (type.form) {
    case 'object':
      return new ObjectType(type.type);
    case 'list':
      return { kind: 'list', of: celType(type.of) };
    case 'map':
      return { kind: 'map', of: celType(type.of) };
    case 'scalar':
      return scalarType(type.scalar);
  }
}

/** Forms that may be one thing or another, and those that expressions take as texts or as times, are left open. */
function scalarType(scalar: string): CelType {
  if (scalar === 'string') return stringType;
  if (scalar === 'bool') return boolType;
  if (scalar === 'int32' || scalar === 'int64') return { kind: 'int' };
  if (scalar === 'double') return { kind: 'double' };
  return DYN;
}

/** What the validations of a policy get wrong about the kinds that its rules name. */
export function checkTypes(
  { spec = {} }: ValidatingAdmissionPolicy,
  kinds: readonly KindDefinition[],
): ExpressionWarning[] {
  const named = namedKinds(spec, kinds).slice(0, MOST_KINDS);
  return (spec.validations ?? []).flatMap(({ expression, messageExpression }, i) => [
    ...warningsOf(expression, `spec.validations[${i}].expression`, named),
    ...warningsOf(messageExpression, `spec.validations[${i}].messageExpression`, named),
  ]);
}

/** The kinds that are named in full: what a wildcard stands for changes with time. */
function namedKinds(
  { matchConstraints }: NonNullable<ValidatingAdmissionPolicy['spec']>,
  kinds: readonly KindDefinition[],
): KindDefinition[] {
  const rules: readonly { apiGroups?: string[]; apiVersions?: string[]; resources?: string[] }[] =
    matchConstraints?.resourceRules ?? [];
  return kinds.filter(({ group, version, plural }) =>
    rules.some(
      ({ apiGroups, apiVersions, resources }) =>
        apiGroups?.includes(group) && apiVersions?.includes(version) && resources?.includes(plural),
    ),
  );
}

function warningsOf(
  expression: string | undefined,
  fieldRef: string,
  kinds: readonly KindDefinition[],
): ExpressionWarning[] {
  if (!expression) return [];
  const complaints = kinds.flatMap((kind) => {
    const object = new ObjectType(kind.schema);
    try {
      compile(expression, { ...POLICY_VARIABLES, object, oldObject: object });
      return [];
    } catch (error) {
      if (!(error instanceof CelCompileError)) throw error;
      return [`${apiVersionOf(kind)}, Kind=${kind.kind}: ${error.message}`];
    }
  });
  return complaints.length > 0 ? [{ fieldRef, warning: complaints.join('\n') }] : [];
}
