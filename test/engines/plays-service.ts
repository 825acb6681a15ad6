import { type Acts, fails, failsOnce, once } from './acts.ts';
import type { Play } from './plays.ts';
import { READY, WAITING } from './unit-acts.ts';

const SCAN = { runId: 'r1', target: { clusterName: 'c' }, options: {} };

/** Every way through scan-cluster. */
export function scanPlays(): Play[] {
  const acts: Acts = {
    OpenRun: ({ runId }) => ({ ...SCAN, runId, state: 'open', status: 'running' }),
    CheckCluster: () => ({}),
    TakeInventory: () => READY,
    CompareScan: failsOnce('Throttled', { reason: 'one service account more' }),
    CloseRun: (event) => ({ ...event, status: 'planned' }),
  };
  const play = (title: string, more: Acts): Play => ({ title, machine: 'scan-cluster', input: SCAN, acts: { ...acts, ...more } });
  return [
    play('a scan', {}),
    play('a scan that has ended', { OpenRun: ({ runId }) => ({ runId, state: 'ended', status: 'planned' }) }),
    play('a cluster that cannot be read', { CheckCluster: fails('KubernetesUnauthorized') }),
  ];
}

const FLEET = { fleetId: 'f1', mode: 'run', approval: 'none', expectedDigest: null, spec: {} };

/** Every way through migrate-fleet. */
export function fleetPlays(): Play[] {
  const opened = { fleetId: 'f1', state: 'open', status: 'running', places: { after: '' }, next: { phase: 'plan', items: [] } };
  const close = { status: 'close', phase: 'run', items: [], ending: 'finished', reason: '' };
  const round = (phase: string, items: readonly string[]) => ({ ...close, status: 'round', phase, items });
  const acts: Acts = {
    OpenFleet: () => opened,
    NextPlaces: once({ done: false, items: ['p1', 'p2'], after: 'p2' }, { done: true, items: [], after: 'p2' }),
    DiscoverClusters: () => ({}),
    RefusePlace: () => ({}),
    JudgeFleet: (_event, nth) => [round('plan', ['c1', 'c2']), round('run', ['c1']), close][nth - 1],
    RunCluster: ({ clusterArn }, nth) => (clusterArn === 'c2' && nth === 1 ? WAITING : READY),
    GiveUpCluster: () => ({}),
    CloseFleet: ({ fleetId }) => ({ fleetId, status: 'migrated' }),
  };
  const play = (title: string, more: Acts): Play => ({ title, machine: 'migrate-fleet', input: FLEET, acts: { ...acts, ...more } });
  const lostPlace: Acts = { DiscoverClusters: ({ placeId }) => (placeId === 'p1' ? fails('AccessDenied')() : {}) };
  const lostCluster: Acts = { RunCluster: ({ clusterArn }) => (clusterArn === 'c1' ? fails('InternalError')() : READY) };
  return [
    play('a fleet that is planned, then run', {}),
    play('a fleet that has ended', { OpenFleet: () => ({ fleetId: 'f1', state: 'ended', status: 'migrated' }) }),
    play('a place that refuses', lostPlace),
    play('a place that is not known in the end', { ...lostPlace, RefusePlace: fails('JournalTooNew') }),
    play('a cluster that is given up', lostCluster),
    play('a cluster that is not known in the end', { ...lostCluster, GiveUpCluster: fails('JournalTooNew') }),
  ];
}
