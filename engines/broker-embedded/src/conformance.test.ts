import { brokerSuite } from "@millwright/testkit/broker-suite";
import { brokerForTest } from "./testing/broker-for-test.ts";

brokerSuite(async () => {
	const broker = await brokerForTest();
	return { broker, url: `mqtt://127.0.0.1:${broker.port}`, close: () => broker.stop() };
});
