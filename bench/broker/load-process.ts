import { type LatencyTask, measureLatency } from "./latency.ts";
import { measureThroughput, type ThroughputTask } from "./throughput.ts";

/** The generator in a process of its own: a task as JSON in, one line of JSON out. */
const task = JSON.parse(process.argv[2] as string) as { throughput: ThroughputTask } | { latency: LatencyTask };
const result = "throughput" in task ? await measureThroughput(task.throughput) : await measureLatency(task.latency);
process.stdout.write(`${JSON.stringify(result)}\n`, () => process.exit(0));
