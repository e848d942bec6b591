/**
 * Types and fields that Kubernetes has and `kubernetes-types` lacks: what came after 1.30, and the aggregation
 * API. Written like the generated schema; remove entries when the package catches up.
 */
export const SCHEMA_SUPPLEMENT: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  'io.k8s.api.admissionregistration.v1.NamedRuleWithOperations': {
    resources: '[]string',
    scope: 'string',
  },
  'io.k8s.api.admissionregistration.v1.RuleWithOperations': {
    resources: '[]string',
    scope: 'string',
  },
  'io.k8s.api.apps.v1.DeploymentStatus': {
    terminatingReplicas: 'number',
  },
  'io.k8s.api.apps.v1.ReplicaSetStatus': {
    terminatingReplicas: 'number',
  },
  'io.k8s.api.authorization.v1.FieldSelectorAttributes': {
    rawSelector: 'string',
    requirements: '[]#io.k8s.apimachinery.pkg.apis.meta.v1.FieldSelectorRequirement',
  },
  'io.k8s.api.authorization.v1.LabelSelectorAttributes': {
    rawSelector: 'string',
    requirements: '[]#io.k8s.apimachinery.pkg.apis.meta.v1.LabelSelectorRequirement',
  },
  'io.k8s.api.authorization.v1.ResourceAttributes': {
    fieldSelector: '#io.k8s.api.authorization.v1.FieldSelectorAttributes',
    labelSelector: '#io.k8s.api.authorization.v1.LabelSelectorAttributes',
  },
  'io.k8s.api.authorization.v1.ResourceRule': {
    resources: '[]string',
    verbs: '[]string',
  },
  'io.k8s.api.autoscaling.v2.HPAScalingRules': {
    tolerance: 'quantity',
  },
  'io.k8s.api.coordination.v1.LeaseSpec': {
    preferredHolder: 'string',
    strategy: 'string',
  },
  'io.k8s.api.core.v1.ContainerStatus': {
    allocatedResourcesStatus: '[]#io.k8s.api.core.v1.ResourceStatus',
    stopSignal: 'string',
    user: '#io.k8s.api.core.v1.ContainerUser',
  },
  'io.k8s.api.core.v1.ContainerUser': {
    linux: '#io.k8s.api.core.v1.LinuxContainerUser',
  },
  'io.k8s.api.core.v1.ImageVolumeSource': {
    pullPolicy: 'string',
    reference: 'string',
  },
  'io.k8s.api.core.v1.Lifecycle': {
    stopSignal: 'string',
  },
  'io.k8s.api.core.v1.LinuxContainerUser': {
    gid: 'number',
    supplementalGroups: '[]number',
    uid: 'number',
  },
  'io.k8s.api.core.v1.NodeFeatures': {
    supplementalGroupsPolicy: 'bool',
  },
  'io.k8s.api.core.v1.NodeProxyOptions': {
    apiVersion: 'string',
    kind: 'string',
    path: 'string',
  },
  'io.k8s.api.core.v1.NodeRuntimeHandlerFeatures': {
    userNamespaces: 'bool',
  },
  'io.k8s.api.core.v1.NodeStatus': {
    features: '#io.k8s.api.core.v1.NodeFeatures',
  },
  'io.k8s.api.core.v1.NodeSwapStatus': {
    capacity: 'number',
  },
  'io.k8s.api.core.v1.NodeSystemInfo': {
    swap: '#io.k8s.api.core.v1.NodeSwapStatus',
  },
  'io.k8s.api.core.v1.PodAttachOptions': {
    apiVersion: 'string',
    container: 'string',
    kind: 'string',
    stderr: 'bool',
    stdin: 'bool',
    stdout: 'bool',
    tty: 'bool',
  },
  'io.k8s.api.core.v1.PodCondition': {
    observedGeneration: 'number',
  },
  'io.k8s.api.core.v1.PodExecOptions': {
    apiVersion: 'string',
    command: '[]string',
    container: 'string',
    kind: 'string',
    stderr: 'bool',
    stdin: 'bool',
    stdout: 'bool',
    tty: 'bool',
  },
  'io.k8s.api.core.v1.PodLogOptions': {
    apiVersion: 'string',
    container: 'string',
    follow: 'bool',
    insecureSkipTLSVerifyBackend: 'bool',
    kind: 'string',
    limitBytes: 'number',
    previous: 'bool',
    sinceSeconds: 'number',
    sinceTime: 'time',
    stream: 'string',
    tailLines: 'number',
    timestamps: 'bool',
  },
  'io.k8s.api.core.v1.PodPortForwardOptions': {
    apiVersion: 'string',
    kind: 'string',
    ports: '[]number',
  },
  'io.k8s.api.core.v1.PodProxyOptions': {
    apiVersion: 'string',
    kind: 'string',
    path: 'string',
  },
  'io.k8s.api.core.v1.PodResourceClaim': {
    resourceClaimName: 'string',
    resourceClaimTemplateName: 'string',
  },
  'io.k8s.api.core.v1.PodSecurityContext': {
    seLinuxChangePolicy: 'string',
    supplementalGroupsPolicy: 'string',
  },
  'io.k8s.api.core.v1.PodSpec': {
    resources: '#io.k8s.api.core.v1.ResourceRequirements',
  },
  'io.k8s.api.core.v1.PodStatus': {
    observedGeneration: 'number',
  },
  'io.k8s.api.core.v1.RangeAllocation': {
    apiVersion: 'string',
    data: 'string',
    kind: 'string',
    metadata: '#io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta',
    range: 'string',
  },
  'io.k8s.api.core.v1.ResourceClaim': {
    request: 'string',
  },
  'io.k8s.api.core.v1.ResourceHealth': {
    health: 'string',
    resourceID: 'string',
  },
  'io.k8s.api.core.v1.ResourceStatus': {
    name: 'string',
    resources: '[]#io.k8s.api.core.v1.ResourceHealth',
  },
  'io.k8s.api.core.v1.SerializedReference': {
    apiVersion: 'string',
    kind: 'string',
    reference: '#io.k8s.api.core.v1.ObjectReference',
  },
  'io.k8s.api.core.v1.ServiceProxyOptions': {
    apiVersion: 'string',
    kind: 'string',
    path: 'string',
  },
  'io.k8s.api.core.v1.Volume': {
    image: '#io.k8s.api.core.v1.ImageVolumeSource',
  },
  'io.k8s.api.discovery.v1.EndpointHints': {
    forNodes: '[]#io.k8s.api.discovery.v1.ForNode',
  },
  'io.k8s.api.discovery.v1.ForNode': {
    name: 'string',
  },
  'io.k8s.api.networking.v1.IPAddress': {
    apiVersion: 'string',
    kind: 'string',
    metadata: '#io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta',
    spec: '#io.k8s.api.networking.v1.IPAddressSpec',
  },
  'io.k8s.api.networking.v1.IPAddressSpec': {
    parentRef: '#io.k8s.api.networking.v1.ParentReference',
  },
  'io.k8s.api.networking.v1.ParentReference': {
    group: 'string',
    name: 'string',
    namespace: 'string',
    resource: 'string',
  },
  'io.k8s.api.networking.v1.ServiceCIDR': {
    apiVersion: 'string',
    kind: 'string',
    metadata: '#io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta',
    spec: '#io.k8s.api.networking.v1.ServiceCIDRSpec',
    status: '#io.k8s.api.networking.v1.ServiceCIDRStatus',
  },
  'io.k8s.api.networking.v1.ServiceCIDRSpec': {
    cidrs: '[]string',
  },
  'io.k8s.api.networking.v1.ServiceCIDRStatus': {
    conditions: '[]#io.k8s.apimachinery.pkg.apis.meta.v1.Condition',
  },
  'io.k8s.api.storage.v1.CSIDriverSpec': {
    nodeAllocatableUpdatePeriodSeconds: 'number',
  },
  'io.k8s.api.storage.v1.VolumeError': {
    errorCode: 'number',
  },
  'io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaProps': {
    'x-kubernetes-embedded-resource': 'bool',
    'x-kubernetes-int-or-string': 'bool',
    'x-kubernetes-list-map-keys': '[]string',
    'x-kubernetes-list-type': 'string',
    'x-kubernetes-map-type': 'string',
    'x-kubernetes-preserve-unknown-fields': 'bool',
    'x-kubernetes-validations': '[]#io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.ValidationRule',
  },
  'io.k8s.apimachinery.pkg.apis.meta.v1.DeleteOptions': {
    ignoreStoreReadErrorWithClusterBreakingPotential: 'bool',
  },
  'io.k8s.apimachinery.pkg.apis.meta.v1.FieldSelectorRequirement': {
    key: 'string',
    operator: 'string',
    values: '[]string',
  },
  'io.k8s.kube-aggregator.pkg.apis.apiregistration.v1.APIService': {
    apiVersion: 'string',
    kind: 'string',
    metadata: '#io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta',
    spec: '#io.k8s.kube-aggregator.pkg.apis.apiregistration.v1.APIServiceSpec',
    status: '#io.k8s.kube-aggregator.pkg.apis.apiregistration.v1.APIServiceStatus',
  },
  'io.k8s.kube-aggregator.pkg.apis.apiregistration.v1.APIServiceCondition': {
    lastTransitionTime: 'time',
    message: 'string',
    reason: 'string',
    status: '*string',
    type: '*string',
  },
  'io.k8s.kube-aggregator.pkg.apis.apiregistration.v1.APIServiceSpec': {
    caBundle: 'string',
    group: 'string',
    groupPriorityMinimum: '*number',
    insecureSkipTLSVerify: 'bool',
    service: '#io.k8s.kube-aggregator.pkg.apis.apiregistration.v1.ServiceReference',
    version: 'string',
    versionPriority: '*number',
  },
  'io.k8s.kube-aggregator.pkg.apis.apiregistration.v1.APIServiceStatus': {
    conditions: '[]#io.k8s.kube-aggregator.pkg.apis.apiregistration.v1.APIServiceCondition',
  },
  'io.k8s.kube-aggregator.pkg.apis.apiregistration.v1.ServiceReference': {
    name: 'string',
    namespace: 'string',
    port: 'number',
  },
};
