import type { FleetKey, FleetNamespace, FleetObject } from '@wheelhouse/shared/console/protocol';
import { fleetKey } from '@wheelhouse/shared/console/protocol';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Fleet } from './fleet';
import { RecentEvents } from './recent-events';
import { Viewer } from './viewer';

const thing = (name: string, phase = 'Active'): FleetNamespace => ({
  resource: 'namespaces',
  name,
  uid: name,
  created: '2026-01-01T00:00:00Z',
  phase,
});

/** What a browser would hold after these messages; throws when one does not follow the one before. */
class Browser {
  readonly objects = new Map<FleetKey, FleetObject>();
  place: { epoch: string; seq: number } | undefined;
  #partial = false;
  receive(viewer: Viewer, acknowledge = true): number {
    const messages = viewer.take();
    for (const message of messages) {
      if (message.event === 'snapshot') {
        if (message.body.first) this.objects.clear();
        else if (!this.#partial) throw new Error('a part without its beginning');
        for (const object of message.body.objects) this.objects.set(fleetKey(object), object);
        this.#partial = !message.body.last;
        this.place = { epoch: message.body.epoch, seq: message.body.seq };
      } else {
        if (this.#partial) throw new Error('deltas in the middle of a snapshot');
        if (message.body.from !== this.place?.seq) throw new Error('a gap');
        for (const change of message.body.changes) {
          if ('put' in change) this.objects.set(fleetKey(change.put), change.put);
          else this.objects.delete(change.drop);
        }
        this.place = { epoch: message.body.epoch, seq: message.body.to };
      }
      if (acknowledge) viewer.acknowledged();
    }
    return messages.length;
  }
}

const sorted = (objects: Iterable<FleetObject>) =>
  [...objects].sort((a, b) => fleetKey(a).localeCompare(fleetKey(b)));

describe('Fleet', () => {
  it('takes no sequence number for a put that changes nothing', () => {
    const fleet = new Fleet('e');
    expect(fleet.put(thing('a'))).toBe(true);
    expect(fleet.put(thing('a'))).toBe(false);
    expect(fleet.drop('namespaces/none')).toBe(false);
    expect(fleet.seq).toBe(1);
  });

  it('merges the changes of one object into its last state, in the order of last changes', () => {
    const fleet = new Fleet('e');
    fleet.put(thing('a'));
    fleet.put(thing('b'));
    fleet.put(thing('a', 'Terminating'));
    fleet.drop('namespaces/b');
    expect(fleet.changesSince(0)).toEqual([{ put: thing('a', 'Terminating') }, { drop: 'namespaces/b' }]);
    expect(fleet.changesSince(3)).toEqual([{ drop: 'namespaces/b' }]);
    expect(fleet.changesSince(4)).toEqual([]);
  });

  it('does not answer for a place that it forgot or has not reached', () => {
    const fleet = new Fleet('e', 3);
    for (const name of ['a', 'b', 'c', 'd']) fleet.put(thing(name));
    expect(fleet.changesSince(0)).toBeUndefined();
    expect(fleet.changesSince(1)).toHaveLength(3);
    expect(fleet.changesSince(5)).toBeUndefined();
    expect(fleet.changesSince(Number.NaN)).toBeUndefined();
  });
});

describe('Viewer', () => {
  it('sends nothing before hello', () => {
    const fleet = new Fleet('e');
    fleet.put(thing('a'));
    expect(new Viewer(fleet).take()).toEqual([]);
  });

  it('cuts a large snapshot into parts and goes on with deltas from where it was taken', () => {
    const fleet = new Fleet('e');
    for (let at = 0; at < 6_000; at += 1) fleet.put(thing(`n${at}`));
    const viewer = new Viewer(fleet);
    viewer.hello(undefined);
    const browser = new Browser();
    fleet.put(thing('late'));
    while (browser.receive(viewer) > 0);
    expect(sorted(browser.objects.values())).toEqual(sorted(fleet.objects()));
  });

  it('holds back while the browser has not acknowledged, then sends what changed in one message', () => {
    const fleet = new Fleet('e');
    const viewer = new Viewer(fleet);
    viewer.hello(undefined);
    const browser = new Browser();
    let messages = 0;
    for (let at = 0; at < 100; at += 1) {
      fleet.put(thing('busy', String(at)));
      messages += browser.receive(viewer, false);
    }
    expect(messages).toBe(4);
    for (let at = 0; at < 4; at += 1) viewer.acknowledged();
    expect(browser.receive(viewer)).toBe(1);
    expect(browser.objects.get('namespaces/busy')).toEqual(thing('busy', '99'));
  });

  it('answers a place of another epoch, or one out of reach, with a snapshot', () => {
    const fleet = new Fleet('new', 2);
    for (const name of ['a', 'b', 'c']) fleet.put(thing(name));
    for (const resumeFrom of [
      { epoch: 'old', seq: 2 },
      { epoch: 'new', seq: 0 },
      { epoch: 'new', seq: 99 },
    ]) {
      const viewer = new Viewer(fleet);
      viewer.hello(resumeFrom);
      expect(viewer.take().map((message) => message.event)).toEqual(['snapshot']);
    }
    const viewer = new Viewer(fleet);
    viewer.hello({ epoch: 'new', seq: 2 });
    expect(viewer.take()).toMatchObject([{ event: 'deltas', body: { from: 2, to: 3 } }]);
  });

  it('never leaves a gap and ends with the truth, whatever changes, stalls and reconnects come', () => {
    const step = fc.oneof(
      { weight: 6, arbitrary: fc.tuple(fc.constant('put'), fc.integer({ min: 0, max: 9 }), fc.nat(3)) },
      { weight: 2, arbitrary: fc.tuple(fc.constant('drop'), fc.integer({ min: 0, max: 9 }), fc.nat(0)) },
      { weight: 3, arbitrary: fc.tuple(fc.constant('receive'), fc.nat(1), fc.nat(0)) },
      { weight: 1, arbitrary: fc.tuple(fc.constant('reconnect'), fc.nat(0), fc.nat(0)) },
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 120 }), (steps) => {
        const fleet = new Fleet('e', 8);
        let viewer = new Viewer(fleet);
        viewer.hello(undefined);
        const browser = new Browser();
        for (const [action, a, b] of steps) {
          if (action === 'put') fleet.put(thing(`n${a}`, String(b)));
          if (action === 'drop') fleet.drop(`namespaces/n${a}`);
          if (action === 'receive') browser.receive(viewer, a === 1);
          if (action === 'reconnect') {
            viewer = new Viewer(fleet);
            viewer.hello(browser.place);
          }
        }
        for (let at = 0; at < 4; at += 1) viewer.acknowledged();
        while (browser.receive(viewer) > 0);
        expect(sorted(browser.objects.values())).toEqual(sorted(fleet.objects()));
      }),
    );
  });
});

describe('RecentEvents', () => {
  it('keeps the latest, whatever the order of arrival', () => {
    const fleet = new Fleet('e');
    const events = new RecentEvents(fleet, 2);
    for (const at of ['03', '01', '02', '05', '04']) {
      events.put({
        resource: 'events',
        namespace: 'a',
        name: at,
        uid: at,
        created: '',
        type: 'Normal',
        reason: '',
        message: '',
        count: 1,
        last: `2026-01-01T00:00:${at}Z`,
        about: { kind: 'Pod', name: 'p' },
      });
    }
    expect(sorted(fleet.objects()).map((object) => object.name)).toEqual(['04', '05']);
  });
});
