//! Texts of saved views.

texts! {
    Views {
        menu: "Views",
        /// In the menu before the first view is saved.
        what: "Save this report with its period and filters to open it again from any report.",
        all: "All saved views",
        title: "Saved views",
        lead: "Reports that you saved with their period, filters and order. Only you can see them.",
        name: "Name",
        name_hint: "At most 60 characters.",
        page: "Report",
        saved: "Saved",
        actions: "Actions",
        save: "Save view",
        back: "Back to the report",
        delete: "Delete",
        delete_one: "Delete view {name}",
        none_title: "No saved views yet",
        none: "Set a report to the period and filters that you often use. Then open Views next to the filters and save it under a name.",
        none_action: "Go to dashboard",
        no_name: "Enter a name.",
        long_name: "The name is longer than 60 characters.",
        long_query: "These filters are too long to save. Remove some of them.",
        taken: "You already have a view with this name. Choose another name, or delete that view first.",
        full: "You have reached the limit of 50 views. Delete one first.",
    }
}
