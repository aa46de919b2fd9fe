export { type Bridge, type BridgeRule, type BridgeStatus, createBridge } from "./bridge.ts";
export { createMqttBroker, type MqttBrokerOptions, type OutsideMessage, type OutsideVerdict } from "./broker.ts";
export type { OutsideBroker } from "./link.ts";
