'use client';
import { Button, ListBox, ListBoxItem, Popover, Select, SelectValue } from 'react-aria-components';
import { useAll } from '../fleet/hooks';
import { setNamespace, useUi } from '../ui/ui-store';

const ALL = '*';

export function NamespaceFilter() {
  const namespaces = useAll('namespaces');
  const chosen = useUi((state) => state.namespace);
  const names = namespaces.map(({ name }) => name).sort();
  const items = [{ id: ALL, name: 'All namespaces' }, ...names.map((name) => ({ id: name, name }))];
  // A filter from an earlier visit may name what is gone: it still stands there, so that it can be taken off.
  if (chosen && !names.includes(chosen)) items.push({ id: chosen, name: chosen });
  return (
    <Select
      aria-label="Namespace"
      value={chosen ?? ALL}
      onChange={(key) => setNamespace(key === ALL || key === null ? undefined : String(key))}
      className="hidden sm:block"
    >
      <Button className="chip max-w-[200px] hover:border-line-strong">
        <SelectValue className="truncate" />
        <svg
          width="9"
          height="6"
          viewBox="0 0 9 6"
          fill="none"
          stroke="currentColor"
          strokeWidth="1.5"
          aria-hidden="true"
        >
          <path d="m1 1 3.5 3.5L8 1" />
        </svg>
      </Button>
      <Popover className="rise max-h-[60vh] min-w-[200px] overflow-y-auto rounded-xl border border-line bg-raised p-1.5 shadow-lift">
        <ListBox items={items} className="outline-none">
          {(item) => (
            <ListBoxItem id={item.id} textValue={item.name} className="menu-item">
              {item.name}
            </ListBoxItem>
          )}
        </ListBox>
      </Popover>
    </Select>
  );
}
