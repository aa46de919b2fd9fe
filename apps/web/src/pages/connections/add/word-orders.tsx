import { useTranslation } from "react-i18next";
import type { Field } from "../../../parts/form/fields.ts";
import { useFormat } from "../../../parts/use-format.ts";

/** The same bytes in every order: a click takes the one that makes sense, for all values of this type. */
export function WordOrders({
	orders,
	scale,
	offset,
	field,
	chosen,
	onChoose,
}: {
	orders: { order: string; value: number | string | null }[];
	scale: number;
	offset: number;
	field: Field | undefined;
	chosen: Record<string, string>;
	onChoose: (field: string, order: string, everywhere: boolean) => void;
}) {
	const { t } = useTranslation();
	const format = useFormat();
	if (!field) return null;
	const now = chosen[field.name] || field.fallback;
	return (
		<fieldset className="orders" aria-label={t("add.orders")}>
			{orders.map(({ order, value }) => (
				<button
					key={order}
					type="button"
					className={`order${order === now ? " chosen" : ""}`}
					aria-pressed={order === now}
					title={t("add.ordersHint")}
					onClick={(event) => onChoose(field.name, order, !event.altKey)}
				>
					<span className="third">{order}</span>
					<span className="mono">{typeof value === "number" ? format.value(value * scale + offset) : (value ?? "–")}</span>
				</button>
			))}
		</fieldset>
	);
}
