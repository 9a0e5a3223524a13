//! Texts of saved views.

texts! {
    Views {
        menu: "Views",
        /// In the menu while there are none.
        what: "Keep this report, with its period and filters, under a name: it is then one click away on every report.",
        all: "All saved views",
        title: "Saved views",
        lead: "Reports with their period, filters and order, under a name of yours. Nobody else sees them.",
        name: "Name",
        name_hint: "At most 60 characters.",
        page: "Report",
        saved: "Saved",
        actions: "Actions",
        save: "Save this view",
        back: "Back to the report",
        delete: "Delete",
        delete_one: "Delete the view {name}",
        none_title: "No saved views yet",
        none: "Set a report to the period and filters you look at often, then open Views beside the filters and give it a name. It will be listed here and on every report.",
        none_action: "Open the dashboard",
        no_name: "A view needs a name.",
        long_name: "The name is longer than 60 characters.",
        long_query: "These filters are too long to be saved. Take some away.",
        taken: "You have a view of that name already. Choose another name, or delete that one first.",
        full: "You have 50 views here, which is the most there can be. Delete one first.",
    }
}
