"""Operators without a product in them, which by convention cost no FLOPs.

Beside those named here they are the operators that torch itself tags as pointwise or as a
reduction, and views.
"""

import torch

__all__ = ["is_free"]

FREE_TAGS = (torch.Tag.pointwise, torch.Tag.reduction, torch.Tag.view_copy)

SHAPES = """
    _pack_padded_sequence _pad_circular _pad_packed_sequence _reshape_alias _reshape_copy
    _to_copy _unsafe_view as_strided_ as_strided_scatter block_diag cat channel_shuffle clone
    col2im concat constant_pad_nd contiguous copy copy_ detach detach_ diag_embed
    diagonal_scatter expand_copy flip im2col lift_fresh lift_fresh_copy movedim pad pad_sequence
    pixel_shuffle pixel_unshuffle reflection_pad1d reflection_pad2d reflection_pad3d repeat
    repeat_interleave replication_pad1d replication_pad2d replication_pad3d resize_ resize_as_
    roll rot90 select_scatter set_ slice_scatter split_copy squeeze_ stack swapaxes_ t_ to
    transpose_ tril triu unbind_copy unfold_copy unsafe_chunk unsafe_split
    unsafe_split_with_sizes unsqueeze_
"""
INDEXING = """
    _embedding_bag _embedding_bag_forward_only _index_put_impl_ _unsafe_index _unsafe_index_put
    bucketize embedding embedding_bag embedding_renorm_ gather index index_add index_add_
    index_copy index_copy_ index_fill index_fill_ index_put index_put_ index_reduce index_select
    masked_fill masked_fill_ masked_scatter masked_scatter_ masked_select nonzero one_hot put
    put_ scatter scatter_ scatter_add scatter_add_ scatter_reduce scatter_reduce_ searchsorted
    take take_along_dim where
"""
CREATION = """
    _efficientzerotensor arange empty empty_like empty_permuted empty_strided eye fill fill_
    full full_like linspace logspace new_empty new_empty_strided new_full new_ones new_zeros
    ones ones_like scalar_tensor tril_indices triu_indices zero zero_ zeros zeros_like
"""
RANDOM = """
    _fused_dropout alpha_dropout bernoulli bernoulli_ dropout exponential_ feature_alpha_dropout
    feature_dropout geometric_ log_normal_ multinomial native_dropout normal normal_
    normal_functional poisson rand rand_like randint randint_like randn randn_like random_
    randperm rrelu_with_noise rrelu_with_noise_functional uniform uniform_
"""
NORMALISATION = """
    _batch_norm_impl_index _batch_norm_no_update _batch_norm_with_update
    _batch_norm_with_update_functional _fused_rms_norm _log_softmax _masked_softmax
    _native_batch_norm_legit _native_batch_norm_legit_functional
    _native_batch_norm_legit_no_training _safe_softmax _softmax _transform_bias_rescale_qkv
    _weight_norm _weight_norm_interface batch_norm_elemt batch_norm_gather_stats
    batch_norm_stats cudnn_batch_norm linalg_vector_norm local_response_norm log_softmax
    logcumsumexp logsumexp native_batch_norm native_group_norm native_layer_norm norm renorm
    softmax
"""
POOLING = """
    _adaptive_avg_pool2d _adaptive_avg_pool3d _upsample_bicubic2d_aa _upsample_bilinear2d_aa
    _upsample_nearest_exact1d _upsample_nearest_exact2d _upsample_nearest_exact3d
    adaptive_avg_pool1d adaptive_avg_pool2d adaptive_avg_pool3d adaptive_max_pool2d
    adaptive_max_pool3d affine_grid_generator avg_pool1d avg_pool2d avg_pool3d
    fractional_max_pool2d fractional_max_pool3d grid_sampler_2d grid_sampler_3d max_pool1d
    max_pool2d max_pool2d_with_indices max_pool3d max_pool3d_with_indices max_unpool2d
    max_unpool3d mkldnn_max_pool2d upsample_bicubic2d upsample_bilinear2d upsample_linear1d
    upsample_nearest1d upsample_nearest2d upsample_nearest3d upsample_trilinear3d
"""
REDUCTIONS = """
    _unique2 aminmax argmax argmin argsort bincount count_nonzero cummax cummin cumprod cumsum
    diff equal histc kthvalue max median min mode msort nanmedian sort std std_mean topk trace
    unique_consecutive unique_dim var var_mean
"""
LOSSES = """
    _ctc_loss binary_cross_entropy binary_cross_entropy_with_logits cross_entropy_loss
    huber_loss kl_div l1_loss mse_loss multi_margin_loss multilabel_margin_loss_forward nll_loss
    nll_loss2d nll_loss2d_forward nll_loss_forward nll_loss_nd smooth_l1_loss soft_margin_loss
"""
CHECKS = """
    _assert_async _assert_scalar _assert_tensor_metadata _functional_assert_async
    _functional_assert_scalar _functional_sym_constrain_range _fw_primal _local_scalar_dense
    _nested_tensor_from_mask_left_aligned allclose is_nonzero is_same_size item record_stream
    sym_constrain_range sym_constrain_range_for_size sym_numel sym_size sym_storage_offset
    sym_stride
"""
POINTWISE = """
    _prelu_kernel complex cross glu hardswish hardswish_ linalg_cross log_sigmoid
    log_sigmoid_forward polar prelu
"""
"""Pointwise operators that torch doesn't tag as such."""
CELLS = "_thnn_fused_gru_cell _thnn_fused_lstm_cell"
"""What is left of a recurrent cell beside its products."""

GROUPS = SHAPES, INDEXING, CREATION, RANDOM, NORMALISATION, POOLING, REDUCTIONS, LOSSES, CHECKS
FREE = frozenset(" ".join([*GROUPS, POINTWISE, CELLS]).split())


def is_free(operator: torch._ops.OpOverload) -> bool:
    """Whether an operator is known to have no product in it."""
    if operator.is_view or any(tag in operator.tags for tag in FREE_TAGS):
        return True
    space, _, name = operator._schema.name.partition("::")
    return space == "prim" or (space == "aten" and name in FREE)
