import { createInterface } from "node:readline";
import { Publisher } from "./publisher.ts";

/** Publishes on several connections in a process of its own; told what to do by lines of JSON, answers with lines of JSON. */
export interface LoadTask {
	port: number;
	user?: string;
	password?: string;
	qos: 0 | 1;
	topics: number;
	connections: number;
	window: number;
	/** Of each topic first, so that every topic is known before anything is measured. */
	warmUp: number;
	seconds: number;
}

const say = (answer: object): void => void process.stdout.write(`${JSON.stringify(answer)}\n`);
const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

async function run(task: LoadTask): Promise<void> {
	const publishers = Array.from(
		{ length: task.connections },
		(_, i) =>
			new Publisher({
				...task,
				clientId: `load-${task.qos}-${i}`,
				topics: Array.from({ length: task.topics }, (_, topic) => topic).filter((topic) => topic % task.connections === i),
			}),
	);
	const done = async (): Promise<void> => {
		while (!publishers.every(({ isDone }) => isDone)) await pause(1);
	};
	await Promise.all(publishers.map((publisher) => publisher.open()));
	for (const [i, publisher] of publishers.entries())
		publisher.start(task.warmUp * Math.ceil((task.topics - i) / task.connections));
	await done();
	const sum = (of: (publisher: Publisher) => number): number => publishers.reduce((all, publisher) => all + of(publisher), 0);
	const warm = sum(({ sent }) => sent);
	await pause(2000);
	say({ state: "begun", sent: warm });
	const began = performance.now();
	for (const publisher of publishers) publisher.start();
	await pause(task.seconds * 1000);
	for (const publisher of publishers) publisher.stop();
	const stoppedMs = performance.now() - began;
	await done();
	say({
		state: "ended",
		sent: sum(({ sent }) => sent),
		acknowledged: sum(({ acknowledged }) => acknowledged),
		refused: sum(({ refused }) => refused),
		stoppedMs,
		acknowledgedMs: performance.now() - began,
		counts: publishers.flatMap(({ counts }) => [...counts]),
	});
	for (const publisher of publishers) publisher.end();
}

createInterface({ input: process.stdin }).on("line", (line) => void run(JSON.parse(line) as LoadTask));
say({ state: "ready" });
