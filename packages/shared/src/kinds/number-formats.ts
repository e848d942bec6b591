/**
 * What the wire types `number` and `string` of the generated schema do not tell: which numbers are 64 bits wide
 * or may have a fraction, and which strings are base64. Every other number is an int32.
 * Keyed by `group/version.Type`, like the list keys.
 */
/** Integers of 64 bits (in lists and maps: the elements). */
export const INT64_FIELDS: Readonly<Record<string, readonly string[]>> = {
  'admissionregistration/v1.ValidatingAdmissionPolicyStatus': ['observedGeneration'],
  'apiextensions/v1.JSONSchemaProps': [
    'maxItems',
    'maxLength',
    'maxProperties',
    'minItems',
    'minLength',
    'minProperties',
  ],
  'apps/v1.ControllerRevision': ['revision'],
  'apps/v1.DaemonSetStatus': ['observedGeneration'],
  'apps/v1.DeploymentStatus': ['observedGeneration'],
  'apps/v1.ReplicaSetStatus': ['observedGeneration'],
  'apps/v1.StatefulSetStatus': ['observedGeneration'],
  'authentication/v1.TokenRequestSpec': ['expirationSeconds'],
  'autoscaling/v1.HorizontalPodAutoscalerCondition': ['observedGeneration'],
  'autoscaling/v1.HorizontalPodAutoscalerStatus': ['observedGeneration'],
  'autoscaling/v2.HorizontalPodAutoscalerCondition': ['observedGeneration'],
  'autoscaling/v2.HorizontalPodAutoscalerStatus': ['observedGeneration'],
  'batch/v1.CronJobSpec': ['startingDeadlineSeconds'],
  'batch/v1.JobSpec': ['activeDeadlineSeconds'],
  'core/v1.ClusterTrustBundleProjection': ['user'],
  'core/v1.ConfigMapVolumeSource': ['defaultUser'],
  'core/v1.ContainerImage': ['sizeBytes'],
  'core/v1.DownwardAPIVolumeFile': ['user'],
  'core/v1.DownwardAPIVolumeSource': ['defaultUser'],
  'core/v1.KeyToPath': ['user'],
  'core/v1.LinuxContainerUser': ['gid', 'supplementalGroups', 'uid'],
  'core/v1.NodeSwapStatus': ['capacity'],
  'core/v1.PodCertificateProjection': ['user'],
  'core/v1.PodCondition': ['observedGeneration'],
  'core/v1.PodLogOptions': ['limitBytes', 'sinceSeconds', 'tailLines'],
  'core/v1.PodSecurityContext': ['fsGroup', 'runAsGroup', 'runAsUser', 'supplementalGroups'],
  'core/v1.PodSpec': ['activeDeadlineSeconds', 'terminationGracePeriodSeconds'],
  'core/v1.PodStatus': ['observedGeneration'],
  'core/v1.Probe': ['terminationGracePeriodSeconds'],
  'core/v1.ProjectedVolumeSource': ['defaultUser'],
  'core/v1.ReplicationControllerStatus': ['observedGeneration'],
  'core/v1.SecretVolumeSource': ['defaultUser'],
  'core/v1.SecurityContext': ['runAsGroup', 'runAsUser'],
  'core/v1.ServiceAccountTokenProjection': ['expirationSeconds', 'user'],
  'core/v1.SleepAction': ['seconds'],
  'core/v1.Toleration': ['tolerationSeconds'],
  'meta/v1.Condition': ['observedGeneration'],
  'meta/v1.DeleteOptions': ['gracePeriodSeconds'],
  'meta/v1.Duration': ['duration'],
  'meta/v1.ListMeta': ['remainingItemCount'],
  'meta/v1.ListOptions': ['limit', 'timeoutSeconds'],
  'meta/v1.MicroTime': ['seconds'],
  'meta/v1.ObjectMeta': ['deletionGracePeriodSeconds', 'generation'],
  'meta/v1.Time': ['seconds'],
  'meta/v1.Timestamp': ['seconds'],
  'policy/v1.PodDisruptionBudgetStatus': ['observedGeneration'],
  'resource/v1.DeviceAttribute': ['int', 'ints'],
  'resource/v1.DeviceSubRequest': ['count'],
  'resource/v1.DeviceToleration': ['tolerationSeconds'],
  'resource/v1.ExactDeviceRequest': ['count'],
  'resource/v1.ResourcePool': ['generation', 'resourceSliceCount'],
  'storage/v1.CSIDriverSpec': ['nodeAllocatableUpdatePeriodSeconds'],
  'storage/v1.TokenRequest': ['expirationSeconds'],
};

/** Numbers that may have a fraction. */
export const DOUBLE_FIELDS: Readonly<Record<string, readonly string[]>> = {
  'apiextensions/v1.JSONSchemaProps': ['maximum', 'minimum', 'multipleOf'],
};

/** Bytes, base64 on the wire (in maps: the values). */
export const BYTES_FIELDS: Readonly<Record<string, readonly string[]>> = {
  'apiregistration/v1.APIServiceSpec': ['caBundle'],
  'admissionregistration/v1.WebhookClientConfig': ['caBundle'],
  'apiextensions/v1.WebhookClientConfig': ['caBundle'],
  'certificates/v1.CertificateSigningRequestSpec': ['request'],
  'certificates/v1.CertificateSigningRequestStatus': ['certificate'],
  'certificates/v1.PodCertificateRequestSpec': ['stubPKCS10Request'],
  'core/v1.ConfigMap': ['binaryData'],
  'core/v1.RangeAllocation': ['data'],
  'core/v1.Secret': ['data'],
  'meta/v1.FieldsV1': ['Raw'],
};
