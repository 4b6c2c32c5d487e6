import { Fault } from '@fleetgate/model';
import { type CircuitBounds, createCircuit, defaultCircuitBounds, type Passage } from '../src/circuit.ts';
import { VirtualClock } from './virtual-clock.ts';

function setUp(bounds: Partial<CircuitBounds> = {}, random = 0.5) {
  const clock = new VirtualClock();
  const changes: string[] = [];
  const circuit = createCircuit({
    bounds: { ...defaultCircuitBounds, ...bounds },
    clock,
    random: () => random,
    connection: 'fm-east',
    changed: (state, message) => void changes.push(message ? `${state}: ${message}` : state),
  });
  const fail = (times = 1) => {
    for (let index = 0; index < times; index += 1) circuit.enter().end('sick', 'it hangs');
  };
  const refusal = (): Fault => {
    try {
      circuit.enter();
    } catch (error) {
      return error as Fault;
    }
    throw new Error('it was let through');
  };
  return { clock, changes, circuit, fail, refusal };
}

describe('a circuit', () => {
  it('opens when more than half of the last calls failed, and says for how long and why', () => {
    const { circuit, fail, refusal, changes } = setUp();
    fail(4);
    expect(circuit.state).toBe('closed');
    fail();
    expect(circuit.state).toBe('open');
    expect(refusal()).toMatchObject({
      code: 'unavailable',
      sent: false,
      retryAfterMs: 5_000,
      message:
        'fm-east is not asked at present: too many of its last calls failed, the last because it hangs',
    });
    expect(changes).toEqual(['open: it hangs']);
  });

  it('stays closed over failures among as many successes, and over ends that say nothing', () => {
    const { circuit, fail } = setUp();
    for (let index = 0; index < 50; index += 1) {
      circuit.enter().end('well');
      fail();
    }
    for (let index = 0; index < 50; index += 1) circuit.enter().end('unknown');
    expect(circuit.state).toBe('closed');
  });

  it('lets one call through after its time, and sends away the forty-nine that come with it', async () => {
    const { clock, circuit, fail, changes } = setUp();
    fail(5);
    await clock.advance(5_000);
    const passages: Passage[] = [];
    const refused: Fault[] = [];
    for (let index = 0; index < 50; index += 1) {
      try {
        passages.push(circuit.enter());
      } catch (error) {
        refused.push(error as Fault);
      }
    }
    expect(passages.map(({ probe }) => probe)).toEqual([true]);
    expect(refused).toHaveLength(49);
    expect(refused[0]).toMatchObject({ code: 'unavailable', retryAfterMs: 1_000 });
    passages[0]?.end('well');
    expect(circuit.state).toBe('closed');
    expect(changes).toEqual(['open: it hangs', 'half_open', 'closed']);
  });

  it('stays open for longer each time that it is asked in vain, and begins anew after a success', async () => {
    const { clock, circuit, fail, refusal } = setUp();
    fail(5);
    for (const next of [10_000, 20_000, 30_000, 30_000]) {
      await clock.advance(refusal().retryAfterMs ?? 0);
      fail();
      expect(refusal().retryAfterMs).toBe(next);
    }
    await clock.advance(30_000);
    circuit.enter().end('well');
    fail(3);
    expect(circuit.state).toBe('closed');
    fail();
    expect(refusal().retryAfterMs).toBe(5_000);
  });

  it('lets the next one ask when the one that asked has nothing to say', async () => {
    const { clock, circuit, fail } = setUp();
    fail(5);
    await clock.advance(5_000);
    circuit.enter().end('unknown');
    expect(circuit.state).toBe('open');
    const next = circuit.enter();
    expect(next.probe).toBe(true);
    next.end('well');
    expect(circuit.state).toBe('closed');
  });

  it('does not listen to calls from before: neither can they close it, nor open it again', async () => {
    const { clock, circuit, fail } = setUp();
    const early = Array.from({ length: 20 }, () => circuit.enter());
    fail(5);
    early[0]?.end('well');
    expect(circuit.state).toBe('open');
    await clock.advance(5_000);
    const probe = circuit.enter();
    early[1]?.end('well');
    expect(circuit.state).toBe('half_open');
    probe.end('well');
    for (const late of early.slice(2)) late.end('sick');
    expect(circuit.state).toBe('closed');
  });

  it('counts a call once', () => {
    const { circuit } = setUp();
    const passage = circuit.enter();
    for (let index = 0; index < 10; index += 1) passage.end('sick');
    expect(circuit.state).toBe('closed');
  });

  it.each([
    [0, 4_500],
    [0.999, 5_499],
  ])('is spread over replicas (%p: %p ms)', (random, ms) => {
    const { fail, refusal } = setUp({}, random);
    fail(5);
    expect(refusal().retryAfterMs).toBeCloseTo(ms, -1);
  });

  it('is not held open by a clock that was set back', async () => {
    const { clock, circuit, fail } = setUp();
    fail(5);
    clock.setBack(3_600_000);
    expect(circuit.enter().probe).toBe(true);
  });
});
