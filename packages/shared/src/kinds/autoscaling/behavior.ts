import type {
  HorizontalPodAutoscalerBehavior,
  HPAScalingPolicy,
  HPAScalingRules,
} from 'kubernetes-types/autoscaling/v2';
import { type FieldError, invalidValue, notSupported, required } from '../../meta/field-error';

/** How fast an autoscaler may move, and how long it waits before it follows a falling load. */

const SELECT_POLICIES = ['Disabled', 'Max', 'Min'];
const POLICY_TYPES = ['Percent', 'Pods'];
const LONGEST_WINDOW = 3600;
const LONGEST_PERIOD = 1800;

/** By default up: the larger of 4 pods and doubling, each 15 seconds, at once. */
export const DEFAULT_SCALE_UP = {
  stabilizationWindowSeconds: 0,
  selectPolicy: 'Max',
  policies: [
    { type: 'Pods', value: 4, periodSeconds: 15 },
    { type: 'Percent', value: 100, periodSeconds: 15 },
  ],
} as const satisfies Immutable<HPAScalingRules>;

/** By default down: all the way each 15 seconds; how long it waits is the controller's setting (five minutes). */
export const DEFAULT_SCALE_DOWN = {
  selectPolicy: 'Max',
  policies: [{ type: 'Percent', value: 100, periodSeconds: 15 }],
} as const satisfies Immutable<HPAScalingRules>;

type Immutable<T> = {
  readonly [K in keyof T]: T[K] extends readonly (infer E)[] | undefined ? readonly E[] : T[K];
};

/** Once there is a behavior, all of it is spelled out. */
export function defaultBehavior(behavior: HorizontalPodAutoscalerBehavior): void {
  behavior.scaleUp = completed(behavior.scaleUp, DEFAULT_SCALE_UP);
  behavior.scaleDown = completed(behavior.scaleDown, DEFAULT_SCALE_DOWN);
}

function completed(
  rules: HPAScalingRules | undefined,
  defaults: Immutable<HPAScalingRules>,
): HPAScalingRules {
  const policies = rules?.policies ?? defaults.policies?.map((policy: HPAScalingPolicy) => ({ ...policy }));
  const window = rules?.stabilizationWindowSeconds ?? defaults.stabilizationWindowSeconds;
  return {
    ...rules,
    ...(window === undefined ? {} : { stabilizationWindowSeconds: window }),
    selectPolicy: rules?.selectPolicy ?? defaults.selectPolicy ?? 'Max',
    ...(policies ? { policies } : {}),
  };
}

export function validateBehavior(
  behavior: HorizontalPodAutoscalerBehavior | undefined,
  path: string,
): FieldError[] {
  return [
    ...validateRules(behavior?.scaleUp, `${path}.scaleUp`),
    ...validateRules(behavior?.scaleDown, `${path}.scaleDown`),
  ];
}

function validateRules(rules: HPAScalingRules | undefined, path: string): FieldError[] {
  if (!rules) return [];
  const errors: FieldError[] = [];
  const { stabilizationWindowSeconds: window, selectPolicy, policies = [] } = rules;
  if (window !== undefined && window < 0) {
    errors.push(
      invalidValue(`${path}.stabilizationWindowSeconds`, window, 'must be greater than or equal to zero'),
    );
  }
  if (window !== undefined && window > LONGEST_WINDOW) {
    errors.push(
      invalidValue(
        `${path}.stabilizationWindowSeconds`,
        window,
        `must be less than or equal to ${LONGEST_WINDOW}`,
      ),
    );
  }
  if (selectPolicy !== undefined && !SELECT_POLICIES.includes(selectPolicy)) {
    errors.push(notSupported(`${path}.selectPolicy`, selectPolicy, SELECT_POLICIES));
  }
  if (policies.length === 0) errors.push(required(`${path}.policies`, 'must specify at least one Policy'));
  policies.forEach((policy, i) => {
    errors.push(...validatePolicy(policy, `${path}.policies[${i}]`));
  });
  return errors;
}

function validatePolicy({ type, value, periodSeconds }: HPAScalingPolicy, path: string): FieldError[] {
  const errors: FieldError[] = [];
  if (!POLICY_TYPES.includes(type)) errors.push(notSupported(`${path}.type`, type ?? '', POLICY_TYPES));
  if (!(value > 0)) errors.push(invalidValue(`${path}.value`, value ?? 0, 'must be greater than zero'));
  if (!(periodSeconds > 0)) {
    errors.push(invalidValue(`${path}.periodSeconds`, periodSeconds ?? 0, 'must be greater than zero'));
  }
  if (periodSeconds > LONGEST_PERIOD) {
    errors.push(
      invalidValue(`${path}.periodSeconds`, periodSeconds, `must be less than or equal to ${LONGEST_PERIOD}`),
    );
  }
  return errors;
}
