import { Drawer } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { Sidebar } from "./sidebar.tsx";

/** The navigation on phones. */
export function NavigationDrawer({ onClose }: { onClose: () => void }) {
	const { t } = useTranslation();
	return (
		<Drawer
			opened
			onClose={onClose}
			position="left"
			size={280}
			title={t("nav.main")}
			closeButtonProps={{ "aria-label": t("action.close") }}
		>
			<Sidebar onGo={onClose} />
		</Drawer>
	);
}
