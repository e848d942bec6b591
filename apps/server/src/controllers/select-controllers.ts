import type { ControllerDefinition } from './machinery/controller';

/**
 * Which controllers run, as kube-controller-manager reads `--controllers`: `name` turns one on, `-name` off, `*`
 * stands for all that are on by default; what is said of a name itself wins over `*`. Throws on a name that is not
 * known or defined twice.
 */
export function selectControllers(
  known: readonly ControllerDefinition[],
  enabled: readonly string[],
): ControllerDefinition[] {
  const names = known.map(({ name }) => name);
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice) throw new Error(`the controller "${twice}" is defined twice`);
  for (const item of enabled) {
    const name = item.startsWith('-') ? item.slice(1) : item;
    if (item !== '*' && !names.includes(name)) {
      throw new Error(`there is no controller "${name}"; known are: ${[...names].sort().join(', ')}`);
    }
  }
  return known.filter(({ name, onByDefault = true }) => {
    if (enabled.includes(name)) return true;
    if (enabled.includes(`-${name}`)) return false;
    return enabled.includes('*') && onByDefault;
  });
}
