"""The operations that a model of sound may use: they compute on what they are given, and no more.

PyTorch registers about 4,400 schemas, and a list of the bad ones would be wrong with its next release.
So this lists good ones: arithmetic, convolutions, shapes, reductions, windows and transforms,
random numbers, lists and words. None of them opens a file, a connection or another process, loads
a library, or touches memory beyond its tensors. Absent on purpose, among others: `from_file` and
`save` (files), `set_`, `resize_`, `as_strided` and `empty_strided` (other memory), `fork`, `wait`
and all of `rpc`, quantised packing, everything private.

RAVE's exports use about 100 of these names; the rest are what AFTER, msprior, vschaos2 and effects need.
"""


def names(*lists: str) -> frozenset[str]:
    """Words between spaces."""
    return frozenset(name for each in lists for name in each.split())


ARITHMETIC = """
    abs absolute add addcdiv addcmul ceil clamp clamp_max clamp_min clip copysign deg2rad rad2deg div
    divide divmod exp exp2 expm1 fabs floor floor_divide floordiv fmod fix frac gcd hypot lerp log log10
    log1p log2 logaddexp mathremainder maximum minimum max min mul multiply nan_to_num neg negative pow
    float_power reciprocal remainder round rsqrt rsub sgn sign sqrt square sub subtract true_divide
    trunc xlogy degrees radians factorial acos acosh arccos arcsin arctan arctan2 arctanh asin asinh
    atan atan2 atanh cos cosh sin sinc sinh tan tanh angle complex conj conj_physical imag polar real
    resolve_conj view_as_complex view_as_real bitwise_and bitwise_not bitwise_or bitwise_xor
    bitwise_left_shift bitwise_right_shift logical_and logical_not logical_or logical_xor __and__ __or__
    __xor__ __lshift__ __rshift__ __round_to_zero_floordiv __not__ __is__ __isnot__ eq equal ge greater
    gt isclose allclose isfinite isinf isnan le less lt ne not_equal is_nonzero isin erf erfc erfinv
    digamma lgamma special_i0 special_i1 i0 special_expit special_logit
"""

LAYERS = """
    adaptive_avg_pool1d adaptive_max_pool1d avg_pool1d avg_pool2d max_pool1d max_pool2d batch_norm
    bilinear celu conv1d conv2d conv_transpose1d conv_transpose2d convolution dropout elu embedding
    feature_dropout gelu glu group_norm gru gru_cell hardshrink hardsigmoid hardswish hardtanh
    instance_norm layer_norm leaky_relu linear log_sigmoid log_softmax logit lstm lstm_cell mish
    native_layer_norm one_hot pixel_shuffle pixel_unshuffle prelu relu relu6 rms_norm rnn_relu rnn_tanh
    scaled_dot_product_attention selu sigmoid silu softmax softplus softshrink threshold constant_pad_nd
    pad reflection_pad1d reflection_pad2d replication_pad1d replication_pad2d upsample_bilinear2d
    upsample_linear1d upsample_nearest1d upsample_nearest2d upsample_bicubic2d grid_sampler
    cosine_similarity pairwise_distance cdist normalize l1_loss mse_loss kl_div cross_entropy_loss
    norm_except_dim _weight_norm _weight_norm_interface
"""

LINEAR_ALGEBRA = """
    addbmm addmm addmv baddbmm bmm chain_matmul det diag diag_embed diagonal dist dot einsum ger inner
    inverse kron linalg_inv linalg_matrix_norm linalg_norm linalg_qr linalg_solve linalg_svd
    linalg_vector_norm linalg_cholesky linalg_eigh linalg_det linalg_pinv linalg_matmul linalg_vecdot
    linalg_cross matmul mm mv norm frobenius_norm outer pinverse svd tensordot trace tril triu vdot
    cross cholesky
"""

REDUCTIONS = """
    all amax amin aminmax any argmax argmin argsort bincount count_nonzero cummax cummin cumprod cumsum
    diff histc kthvalue logcumsumexp logsumexp mean median mode nanmean nansum prod quantile sort std
    std_mean sum topk unique_consecutive unique_dim _unique2 var var_mean cov corrcoef
    cumulative_trapezoid trapz
"""

SHAPES = """
    alias atleast_1d atleast_2d atleast_3d broadcast_tensors broadcast_to cat chunk column_stack concat
    concatenate contiguous detach dim dstack expand expand_as flatten flip fliplr flipud hstack meshgrid
    movedim moveaxis narrow ndimension numel permute pin_memory ravel repeat repeat_interleave reshape
    reshape_as roll rot90 select size slice split split_with_sizes squeeze stack swapaxes swapdims t
    tensor_split tile transpose unbind unflatten unfold unsqueeze view view_as vstack hsplit vsplit
    cartesian_prod combinations numpy_T mT mH adjoint unsafe_chunk unsafe_split unsafe_split_with_sizes
    len stride storage_offset element_size is_contiguous broadcast_shapes bucketize gather index
    index_add index_copy index_fill index_put index_select masked_fill masked_scatter masked_select
    nonzero nonzero_numpy scatter scatter_add scatter_reduce searchsorted take take_along_dim where
    select_scatter slice_scatter diagonal_scatter argwhere im2col col2im fill copy zero clone
    _shape_as_tensor
"""

SIGNALS = """
    fft_fft fft_fft2 fft_fftfreq fft_fftn fft_fftshift fft_hfft fft_ifft fft_ifft2 fft_ifftn
    fft_ifftshift fft_ihfft fft_irfft fft_irfft2 fft_irfftn fft_rfft fft_rfft2 fft_rfftfreq fft_rfftn
    istft stft bartlett_window blackman_window hamming_window hann_window kaiser_window
"""

MAKING = """
    arange as_tensor empty empty_like eye full full_like linspace logspace new_empty new_full new_ones
    new_zeros ones ones_like scalar_tensor tensor tril_indices triu_indices zeros zeros_like range
    vander bernoulli binomial exponential multinomial normal poisson rand rand_like randint randint_like
    randn randn_like randperm random uniform log_normal geometric cauchy manual_seed seed initial_seed
    cpu device dtype to type_as is_complex is_floating_point is_signed item result_type promote_types
    can_cast float double half int long short bool Bool Float Int Complex ScalarImplicit FloatImplicit
    IntImplicit ComplexImplicit get_device requires_grad_ is_grad_enabled set_grad_enabled
    is_autocast_enabled is_autocast_cpu_enabled is_scripting has_torch_function is_leaf
"""

LISTS_AND_WORDS = """
    append clear count dict extend get insert items keys list pop popitem remove reverse setdefault
    sorted update values index Delete _set_item __contains__ __getitem__ __derive_index __range_length
    find format join lower upper replace rfind rsplit split splitlines startswith endswith str strip
    lstrip rstrip isdigit isalpha isalnum isnumeric isupper islower capitalize title center ljust rjust
    zfill partition rpartition ord chr hash hex oct bin percentFormat warn
"""


TORCH = names(ARITHMETIC, LAYERS, LINEAR_ALGEBRA, REDUCTIONS, SHAPES, SIGNALS, MAKING, LISTS_AND_WORDS)
"""Names behind `torch.` (and `ops.aten.`); each may also end in `_`, which writes in place."""

PRIM = names(
    """
    NumToTensor ConstantChunk Uninitialized unchecked_cast unchecked_unwrap_optional RaiseException
    Print abs data device dtype grad id index is_cpu is_cuda is_meta is_mkldnn is_mps is_nested
    is_quantized is_sparse is_xla is_xpu is_vulkan itemsize layout max min name nbytes rangelist
    requires_grad tolist type StringIndex TupleIndex TupleUnpack TupleConstruct ListConstruct ListUnpack
    DictConstruct ModuleContainerIndex shape isinstance AutogradAdd raise EnumName EnumValue
    """
)
"""Names behind `ops.prim.`."""

GRAPH_PRIM = PRIM | names(
    """
    Constant If Loop Return GetAttr SetAttr CallMethod CallFunction CreateObject Enter Exit HasAttr
    Closure TupleSlice ListIndex Param Store Load Drop
    """
)
"""Kinds of nodes that the compiled program may have besides operations."""


def allowed(name: str) -> bool:
    """Whether `torch.<name>` may be called."""
    return name in TORCH or (name.endswith("_") and not name.endswith("__") and name[:-1] in TORCH)
