/** A container cannot be made from what its pod says; shown as CreateContainerConfigError. */
export class ConfigError extends Error {
  override name = 'ConfigError';
}

/** A volume cannot be made ready; shown as a FailedMount event while the pod waits. */
export class MountError extends Error {
  override name = 'MountError';
}
