from __future__ import annotations

from django.contrib import admin

from projects.models import Member, Project


class MemberInline(admin.TabularInline):
    model = Member
    extra = 0


@admin.register(Project)
class ProjectAdmin(admin.ModelAdmin):
    list_display = ["name", "locale", "created"]
    search_fields = ["name"]
    inlines = [MemberInline]

    def has_add_permission(self, request: object) -> bool:
        # It would have no language and no owner.
        return False

    def has_delete_permission(self, request: object, obj: object = None) -> bool:
        # Deleting takes the files along, which only the pages do.
        return False
