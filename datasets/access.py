from __future__ import annotations

from uuid import UUID

from django.shortcuts import get_object_or_404

from datasets.models import Dataset
from projects.access import project_for
from projects.models import Role
from projects.requests import Request


def dataset_for(
    request: Request, dataset_id: UUID, role: Role = Role.VIEWER
) -> Dataset:
    """The dataset, if who asks may act in its project as `role`."""
    dataset = get_object_or_404(Dataset, pk=dataset_id)
    dataset.project = project_for(request.user, dataset.project_id, role)
    return dataset
