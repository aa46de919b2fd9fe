import { ActionIcon, Button, Kbd } from "@mantine/core";
import { IconMenu2, IconSearch, IconUserCircle } from "@tabler/icons-react";
import { Link } from "@tanstack/react-router";
import { lazy, Suspense, useState } from "react";
import { useTranslation } from "react-i18next";
import { useActiveLimits } from "../data/use-overview.ts";
import { SeverityCount } from "../parts/severity.tsx";
import { useFormat, useNow } from "../parts/use-format.ts";
import { ConnectionMark } from "./connection-mark.tsx";
import { Mark } from "./mark.tsx";
import { useSession } from "./session.tsx";

const loadMenu = () => import("./person-menu.tsx");
const PersonMenu = lazy(() => loadMenu().then((part) => ({ default: part.PersonMenu })));

/** The button is there at once, its menu when it is wanted. */
function PersonButton() {
	const { t } = useTranslation();
	const { me } = useSession();
	const [wanted, setWanted] = useState(false);
	const button = (
		<ActionIcon
			variant="subtle"
			color="gray"
			size={32}
			aria-label={t("person.menu", { name: me.name })}
			aria-haspopup="menu"
			className="quiet-icon"
			onPointerEnter={() => void loadMenu()}
			onClick={() => setWanted(true)}
		>
			<IconUserCircle size={20} stroke={1.6} />
		</ActionIcon>
	);
	return wanted ? (
		<Suspense fallback={button}>
			<PersonMenu />
		</Suspense>
	) : (
		button
	);
}

/** Mark, search, connection, what is critical or high now, the clock, the person. */
export function Header({ onSearch, onMenu }: { onSearch: () => void; onMenu: () => void }) {
	const { t } = useTranslation();
	const format = useFormat();
	const now = useNow(5000);
	const limits = useActiveLimits();
	const events = limits.data?.events ?? [];
	const critical = events.filter((event) => event.severity === "critical").length;
	const high = events.length - critical;
	return (
		<header className="header">
			<ActionIcon
				className="menu-button quiet-icon"
				variant="subtle"
				color="gray"
				size={32}
				onClick={onMenu}
				aria-label={t("nav.open")}
			>
				<IconMenu2 size={20} stroke={1.6} />
			</ActionIcon>
			<Link to="/" className="brand" aria-label="Millwright">
				<Mark size={22} />
				<span>Millwright</span>
			</Link>
			<span className="grow" />
			<Button
				variant="default"
				className="search-button"
				onClick={onSearch}
				leftSection={<IconSearch size={14} stroke={1.8} />}
				rightSection={
					<Kbd className="search-key" aria-hidden="true">
						Ctrl K
					</Kbd>
				}
				aria-keyshortcuts="Control+K Meta+K"
			>
				{t("palette.find")}
			</Button>
			<ConnectionMark />
			{critical > 0 ? (
				<Link to="/" hash="limits" aria-label={t("header.critical", { count: critical })}>
					<SeverityCount severity="critical" count={critical} />
				</Link>
			) : null}
			{high > 0 ? (
				<Link to="/" hash="limits" aria-label={t("header.high", { count: high })}>
					<SeverityCount severity="high" count={high} />
				</Link>
			) : null}
			<time className="header-clock second" dateTime={new Date(now).toISOString()}>
				{format.clock(now)}
			</time>
			<PersonButton />
		</header>
	);
}
